"""Compiling: a driver's sources, the headers of this package, and the library that every driver is linked with."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from ndiswan._compiling import compiling
from ndiswan.drivers import sanitizing, second_form
from ndiswan.drivers.contents import digest
from ndiswan.drivers.fewer import called_with_fewer, flag_of_definitions, taking_fewer
from ndiswan.drivers.longs import narrowed
from ndiswan.drivers.mending import Mended, only_pasting
from ndiswan.drivers.placing import expect_free, put
from ndiswan.drivers.sources import BuildError, cache, sources_of
from ndiswan.drivers.spelling import overlay
from ndiswan.drivers.symbols import lacking, writable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: So many files that do not compile are told of at once.
MOST_REFUSED = 5

HERE = Path(__file__).parent
INCLUDE = HERE / "include"
LIBRARY = HERE / "library"
_OURS: list[bytes] = []

#: What a driver of those days is compiled with: its C, 16-bit characters, frame pointers for reports, and no
#: warning about what was usual then.
FLAGS = (
    "-std=gnu89",
    "-fshort-wchar",
    "-fms-extensions",
    "-mms-bitfields",
    "-fno-strict-aliasing",
    "-fgnu89-inline",
    "-fcommon",
    "-U_FORTIFY_SOURCE",
    "-Uunix",
    "-Ulinux",
    "-fPIC",
    "-g",
    "-fno-omit-frame-pointer",
    "-fno-optimize-sibling-calls",
    # clang 22 makes it of a loop over 16-bit characters, and the C library's counts those of 32 bits.
    "-fno-builtin-wcslen",
    "-fno-stack-protector",
    "-w",
    # What newer compilers refuse even so, and the Microsoft compiler did not.
    "-Wno-int-conversion",
    "-Wno-incompatible-pointer-types",
    "-Wno-return-mismatch",
    "-Wno-return-type",
    "-Wno-invalid-token-paste",
)
#: What gcc says of flags above that are other compilers', behind an error.
_UNKNOWN = re.compile(
    r"(?:^At top level:\n)?^cc1: note: unrecognized command-line option.*\n?", re.MULTILINE
)
_NO_HEADER = re.compile(
    r"fatal error: (?:([\w./\\-]+): No such file|'([\w./\\-]+)' file not found)"
)
_ELSEWHERE = (
    "\n{0} is none of ndiswan's headers, and not in the driver's folders: give the folder that has it, "
    'include=["folder"] or -I folder; what it would declare of Windows can be in a file of your own'
)


def compiler() -> str:
    """The C compiler: ``$CC``, else the first of cc, gcc and clang that is there.

    Raises
    ------
    BuildError
        There is none.
    """
    chosen = os.environ.get("CC")
    for name in [chosen] if chosen else ["cc", "gcc", "clang"]:
        found = shutil.which(name)
        if found:
            return found
    if chosen and " " in chosen:
        raise BuildError(
            f"$CC: expected the name of one program, got {chosen!r}; a script that calls it like that is one"
        )
    tried = chosen or "cc, gcc and clang"
    raise BuildError(
        f"no C compiler: tried {tried}; install one (apt install gcc), or name one in $CC"
    )


def _key(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:24]


def _ours() -> bytes:
    """Of the headers and the library of this package, which nobody changes while it is in use."""
    if not _OURS:
        _OURS.append(digest([*sorted(INCLUDE.rglob("*.h")), *sorted(LIBRARY.glob("*"))]))
    return _OURS[0]


def _beside(sources: list[Path], include: list[Path]) -> list[Path]:
    """Every file that the sources could include."""
    folders = dict.fromkeys([file.parent for file in sources] + include)
    known = (file for folder in folders if folder.is_dir() for file in sorted(folder.iterdir()))
    return [
        file
        for file in known
        if file.is_file() and file.suffix.lower() in {".h", ".c", ".inl", ".hpp"}
    ]


def build(
    sources: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    include: Iterable[str | os.PathLike[str]] = (),
    define: Mapping[str, object] | None = None,
    sanitize: bool | str = False,
    optimize: str = "-O1",
    output: str | os.PathLike[str] | None = None,
) -> Path:
    """Compile a driver in C to a shared library that `load` takes; what is built already is found by its content.

    Parameters
    ----------
    sources:
        A C file, several, or a folder with a ``sources`` or ``dirs`` file of the DDK's build or with ``*.c``. Of a
        ``sources`` file SOURCES, I386_SOURCES, INCLUDES and C_DEFINES count, with ``!IF`` and ``!INCLUDE``, as in a
        free build.
    include:
        Folders with further headers. Upper and lower case of what is included do not matter, nor do backslashes.
    define:
        Macros: ``{"NDIS50_MINIPORT": 1}``; ``True`` defines without a value, ``None`` takes a default away.
    sanitize:
        ``True`` for ``"address,undefined"``, AddressSanitizer and UBSan, or one of them; with ``"stack"``
        variables on the stack too, which an explorer's changes of stacks would disturb. A process that loads a driver
        with AddressSanitizer has to be started for that: see `sanitizing`.
    output:
        Where the file goes, instead of the cache.

    Raises
    ------
    BuildError
        It does not compile, with the compiler's words, or needs functions that ndiswan does not have, all named.
    ValueError
        There is no such sanitizer.

    Examples
    --------
    >>> from pathlib import Path
    >>> from ndiswan.drivers import build
    >>> source = "int DriverEntry(void *driver, void *registry) { return 0; }"
    >>> written = Path("empty.c").write_text(source)
    >>> build("empty.c", output="empty.so").name
    'empty.so'
    """
    if isinstance(include, str | os.PathLike):
        raise TypeError(
            f"include: expected a list of folders, got {include!r}; say [{str(include)!r}]"
        )
    given: object = define
    if given is not None and not (
        isinstance(given, Mapping) and all(isinstance(name, str) for name in given)
    ):
        raise TypeError(
            f"define: expected a dict of macros, {{'DBG': 1}} for example, got {define!r}"
        )
    kinds = sanitizing.kinds_of(sanitize)
    listed = sources_of(sources)
    files = [file.resolve() for file in listed.files]
    folders = [Path(folder).resolve() for folder in [*include, *listed.include]]
    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        raise BuildError(f"include: expected folders; there is no {', '.join(missing)}")
    macros: dict[str, object] = {
        "NDIS_MINIPORT_DRIVER": 1,
        "NDIS40_MINIPORT": 1,
        "BINARY_COMPATIBLE": 0,
    }
    macros |= listed.define | dict(define or {})
    if any(name.startswith(("NDIS5", "NDIS30_")) for name in macros):
        macros.pop("NDIS40_MINIPORT", None)
    options = [
        f"-D{name}" if value is True else f"-D{name}={value}"
        for name, value in macros.items()
        if value is not None
    ]
    cc = compiler()
    clang = sanitizing.is_clang(cc)
    looking = second_form.compiling(clang)
    # Texts are variables (`symbols.writable`), and clang must not take them for anything else before.
    options += ["-fwritable-strings"] if clang else []
    options += [*FLAGS, optimize, *sanitizing.compile_flags(cc, kinds, alone=len(files) == 1)]
    beside = _beside(files, folders)
    if output is not None:
        expect_free(output, [*files, *beside])
    parts = [
        cc.encode(),
        " ".join([*options, *writable(options), *looking]).encode(),
        digest(files),
        digest(beside),
        _ours(),
    ]
    named = Path(sources) if isinstance(sources, str | os.PathLike) else files[0]
    stem = named.resolve().name if named.is_dir() else files[0].stem
    target = Path(output) if output is not None else cache() / f"{stem}-{_key(parts)}.so"
    if output is None and target.exists():
        return target
    with compiling(), tempfile.TemporaryDirectory(prefix="ndiswan-build-") as work:
        linking = sanitizing.link_flags(cc, kinds)
        name = stem if named.is_dir() else files[0].name

        def form(more: tuple[str, ...], links: tuple[str, ...]) -> Path:
            flags = [*options, *more], [*linking, *links]
            return _compile(name, cc, files, folders, *flags, Path(tempfile.mkdtemp(dir=work)))

        made = form((), ())
        if "address" not in kinds:
            second_form.add_form(made, lambda links: form(looking, links))
        put(made, target)
    return target


def _compile(
    name: str,
    cc: str,
    files: list[Path],
    folders: list[Path],
    options: list[str],
    linking: list[str],
    work: Path,
) -> Path:
    spelled = overlay(files, folders, INCLUDE, work / "spelled")
    places = [
        f"-I{folder}"
        for folder in [*dict.fromkeys(file.parent for file in files), *folders, spelled, INCLUDE]
    ]
    # A file may have what the Microsoft compiler knows by itself before it includes anything.
    places += ["-include", str(INCLUDE / "ndiswan_compiler.h")]

    def one(number: int, file: Path) -> tuple[Path, str]:
        made = work / f"{number}-{file.stem}.o"
        try:
            return _compile_one([cc, *options], places, file, made, work), ""
        except BuildError as error:
            return made, str(error)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        came = list(pool.map(one, range(len(files)), files))
    objects = [made for made, _ in came]
    refusals = [refusal for _, refusal in came if refusal]
    if refusals:
        # What is wrong with a header is told of each file that includes it: a few are enough to go on with.
        rest = len(refusals) - MOST_REFUSED
        last = [f"{rest} more of the {len(files)} files do not compile"] if rest > 0 else []
        raise BuildError("\n\n".join([*refusals[:MOST_REFUSED], *last]))
    library = _library(cc, options)
    unknown = lacking(objects, library)
    if unknown:
        lines = "\n".join(
            f"  {what}, called by {', '.join(callers)}" for what, callers in unknown.items()
        )
        raise BuildError(
            f"{name}: needs {len(unknown)} function(s) that ndiswan does not have:\n{lines}\n"
            "write them in a C file of your own and build it with the driver, or leave out what calls them"
        )
    objects.append(library)
    image = work / "driver.so"
    more = ["-Wl,-z,muldefs", "-Wl,-Bsymbolic", *map(str, objects)]
    _run([cc, "-shared", *linking, *more, "-o", str(image)], files[0])
    return image


def _compile_one(
    compile_: list[str], places: list[str], file: Path, made: Path, work: Path
) -> Path:
    """An object of a C file, mended where only the Microsoft compiler takes it; one that was made before is kept."""
    text = _preprocessed(compile_, places, file, made.with_suffix(".c"))
    # What mends it is part of what it is made of.
    parts = [" ".join([*compile_, *writable(compile_)]), text.replace(str(work), ""), _mending()]
    known = cache() / "objects" / f"{_key(part.encode('utf-8', 'replace') for part in parts)}.o"
    if known.is_file():
        return known
    plain = made.with_suffix(".i")
    compile_it = [*compile_, "-x", "cpp-output", "-c", str(plain), "-o", str(made)]
    mended = Mended(narrowed(text, [INCLUDE, LIBRARY]), [INCLUDE])
    plain.write_text(mended.text, encoding="latin-1")
    while said := _said(compile_it):
        if not mended.by(said):
            _run(compile_it, file, hint=mended.hint)  # which says it
            break
        plain.write_text(mended.text, encoding="latin-1")
    changes = [f"--localize-symbol={name}" for name in sorted(mended.local)]
    if changes := changes + writable(compile_):
        _run(["objcopy", *changes, str(made)], file)
    with suppress(BuildError):  # it is there for this time
        put(made, known)
    return made


def _preprocessed(compile_: list[str], places: list[str], file: Path, whole: Path) -> str:
    """The text behind the preprocessor; macros that are called with too few arguments take them in a copy of it."""
    # A name in capitals would be C++.
    begin = [*compile_, "-x", "c", "-E"]
    text, said = _run([*begin, *places, str(file)], file, only_pasting)
    named: set[str] = set()
    while fresh := called_with_fewer(said) - named:
        named |= fresh
        one, _ = _run([*begin, flag_of_definitions(said), *places, str(file)], file, only_pasting)
        whole.write_text(taking_fewer(one, named), encoding="latin-1")
        text, said = _run([*begin, str(whole)], file, only_pasting)
    if called_with_fewer(said):
        _run([*begin, *places, str(file)], file)  # which says what stays
    return text


def _mending() -> str:
    """What a driver's lines are changed by."""
    return "".join(
        (HERE / f"{name}.py").read_text("utf-8")
        for name in ("longs", "mending", "leaving", "constants")
    )


def _library(cc: str, options: list[str]) -> Path:
    """The library as one object, in the form that a driver with these options needs; compiled once for all of them."""
    form = ("-DNDIS", "-DBINARY_COMPATIBLE")
    flags = [*FLAGS, *(o for o in options if o.startswith(form))]
    if second_form.MACRO in options:
        flags += second_form.compiling(sanitizing.is_clang(cc))
    flags += ["-std=gnu11", "-O2", f"-I{INCLUDE}", f"-I{LIBRARY}"]
    key = _key([cc.encode(), " ".join(flags).encode(), _ours()])
    target = cache() / f"library-{key}.o"
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(prefix="ndiswan-library-") as work:
        objects = []
        for file in sorted(LIBRARY.glob("*.c")):
            made = Path(work) / f"{file.stem}.o"
            _run([cc, *flags, "-c", str(file), "-o", str(made)], file)
            objects.append(str(made))
        whole = Path(work) / "whole.o"
        _run([cc, "-r", "-nostdlib", *objects, "-o", str(whole)], LIBRARY)
        put(whole, target)
    return target


def _said(command: list[str]) -> str:
    """What a compiler says of a file that it refuses; nothing if it takes it."""
    done = subprocess.run(
        command, capture_output=True, check=False, env=sanitizing.without_runtime()
    )
    return done.stderr.decode(errors="replace") if done.returncode else ""


def _run(
    command: list[str],
    file: Path,
    bearable: Callable[[str], bool] | None = None,
    *,
    hint: str = "",
) -> tuple[str, str]:
    """What a command writes, and what it says."""
    environment = sanitizing.without_runtime()
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    said = _UNKNOWN.sub("", done.stderr.decode(errors="replace")).strip()
    if done.returncode != 0 and (bearable is None or not bearable(said)):
        lost = _NO_HEADER.search(said)
        hint = _ELSEWHERE.format(lost[1] or lost[2]) if lost else hint
        said = said or f"{command[0]} says nothing, and ends with exit code {done.returncode}"
        raise BuildError(f"{file}: does not compile\n{said}{hint}")
    return done.stdout.decode("latin-1"), said
