"""The option `--database` of `ndiswan fuzz`: where the corpus is, if not in the campaign's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hypothesis.database import ExampleDatabase


def database(url: str | None) -> ExampleDatabase | None:
    """What is at that URL, or in that folder; click.UsageError if nothing can be."""
    if url is None:
        return None
    scheme, is_url, place = url.partition("://")
    if is_url and scheme.lower() != "redis":
        raise click.UsageError(f"--database: expected redis://HOST:PORT/DB, or a folder, got {url}")
    if Path(url).exists() and not Path(url).is_dir():
        raise click.UsageError(
            f"--database: expected redis://HOST:PORT/DB, or a folder, got the file {url}"
        )
    try:
        if is_url:
            from hypothesis.extra.redis import RedisExampleDatabase
            from redis import Redis

            redis = Redis.from_url(f"redis://{place}")
            redis.ping()
            return RedisExampleDatabase(redis)
        from hypothesis.database import DirectoryBasedExampleDatabase

        return DirectoryBasedExampleDatabase(url)
    except ImportError as error:
        text = f"--database {url}: {error}; pip install 'ndiswan[redis]'"
        raise click.UsageError(text) from error
    except Exception as error:
        raise click.UsageError(f"--database {url}: {error}") from error
