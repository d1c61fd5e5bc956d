"""What all parameters of models have in common: they are checked when they are made, and become plain data."""

import dataclasses
import json
import math
import numbers
import types
import typing
from typing import Any, ClassVar

import numpy as np

from ndiswan._native import check_part


class Parameters:
    """Parameters of one part of a model: a frozen dataclass whose fields are looked at when it is made.

    A field of type ``int`` takes a whole number of 0 or more, one of type ``float`` a finite number of 0 or more; each
    part says what else holds. Raises ``TypeError`` and ``ValueError`` that name the class and the field.
    """

    kind: ClassVar[str] = ""
    #: What the engine calls such a part, if it is one that can be looked at alone; and its names of fields that differ.
    part: ClassVar[str] = ""
    says: ClassVar[dict[str, str]] = {}

    def __post_init__(self) -> None:
        beyond: dict[str, _BeyondError] = {}
        other = self._other()
        for name, where, type_name, kinds in _fields(type(self)):
            value = getattr(self, name)
            optional = value is None and "None" in type_name
            if kinds and not optional and not isinstance(value, kinds):
                wanted = " or ".join(f"models.{kind.__name__}" for kind in kinds)
                raise TypeError(f"{where}: expected a {wanted}, got {value!r:.60}")
            if not optional and name not in other:
                try:
                    checked = _checked(where, type_name, value)
                except _BeyondError as error:
                    beyond[name], checked = error, error.nearest
                object.__setattr__(self, name, checked)
        self._look({name: error.given for name, error in beyond.items()})
        if beyond:
            raise next(iter(beyond.values()))

    def _look(self, beyond: dict[str, int] | None = None) -> None:
        """Have the engine look at the values, as it does before a simulation.

        In place of those in ``beyond`` it has the nearest that it can hold.
        """
        if not self.part:
            return
        wrong = check_part(self.part, json.dumps(self._seen(), allow_nan=False))
        if wrong is not None:
            at, expected, got = wrong
            name = self._called(at)
            given = (beyond or {}).get(name, getattr(self, name, None))
            if isinstance(given, int):
                got = repr(given)
            raise ValueError(f"{type(self).__name__}.{name}: expected {expected}, got {got}")

    def _called(self, at: str) -> str:
        """What the user calls that which the engine has at this place."""
        return self.says.get(at, at)

    def _seen(self) -> dict[str, Any]:
        """What the engine looks at."""
        return self.to_dict()

    def _other(self) -> tuple[str, ...]:
        """The fields that the subclass looks at itself."""
        return ()

    def to_dict(self) -> dict[str, Any]:
        """The parameters as plain data, as the engine reads them.

        A scenario file has other words for some kinds: ``cbr``, ``replay`` and ``codel`` for ``constant``, ``at`` and
        ``co_del``. `ndiswan.models.scenario.dumps` writes one.
        """
        data = {name: plain(getattr(self, name)) for name, *_ in _fields(type(self))}
        return {"kind": self.kind, **data} if self.kind else data


_Field = tuple[str, str, str, tuple[type[Parameters], ...]]

# A sweep makes the same parts at each of its points.
_known: dict[type[Parameters], tuple[_Field, ...]] = {}


def _fields(parameters: type[Parameters]) -> tuple[_Field, ...]:
    """Of each field its name, what messages call it, its type's name, and the parameters that it may be."""
    if parameters not in _known:
        _known[parameters] = tuple(
            (
                field.name,
                f"{parameters.__name__}.{field.name}",
                # From 3.14 on `float | None` has a name too, which is Union.
                field.type.__name__ if isinstance(field.type, type) else str(field.type),
                _kinds(field.type),
            )
            for field in dataclasses.fields(parameters)  # type: ignore[arg-type]  # each subclass is one
        )
    return _known[parameters]


def _kinds(annotation: Any) -> tuple[type[Parameters], ...]:
    """The classes of parameters that a field is one of; none if it may be something else."""
    given = typing.get_args(annotation) or (annotation,)
    of = tuple(kind for kind in given if isinstance(kind, type) and issubclass(kind, Parameters))
    return of if len(of) + (types.NoneType in given) == len(given) else ()


def plain(value: object) -> Any:
    """A parameter as JSON has it: parts as dictionaries, arrays as lists."""
    if isinstance(value, Parameters):
        return value.to_dict()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _checked(where: str, type_name: str, value: Any) -> Any:
    if type_name.startswith("bool"):
        if isinstance(value, (bool, np.bool_)):
            return bool(value)
        raise TypeError(f"{where}: expected True or False, got {value!r}")
    if type_name == "str":
        if isinstance(value, str):
            return value
        raise TypeError(f"{where}: expected a text, got {value!r}")
    if type_name.startswith("int"):
        return whole(where, value)
    if type_name.startswith("float"):
        return real(where, value)
    return value


class _BeyondError(ValueError):
    """A whole number that no parameter can hold; who looks at the nearest one may know better which would fit."""

    def __init__(self, text: str, given: int, nearest: int) -> None:
        super().__init__(text)
        self.given, self.nearest = given, nearest


MOST = 2**63
#: What fits into 32 bits, as far as nothing else is known of a field.
WORD = 2**32 - 1


def whole(where: str, value: Any, low: int = 0, high: int = MOST) -> int:
    """A whole number; 1e9 is one, 1.5 and True are none."""
    is_whole = isinstance(value, numbers.Integral) or (
        isinstance(value, numbers.Real) and math.isfinite(value) and float(value).is_integer()
    )
    if isinstance(value, (bool, np.bool_)) or not is_whole:
        raise TypeError(f"{where}: expected a whole number, got {value!r}")
    if not low <= int(value) <= high:
        limits = f"of {low} or more" if high == MOST and value < low else f"from {low} to {high}"
        text = f"{where}: expected a whole number {limits}, got {value!r}"
        raise _BeyondError(text, int(value), min(max(int(value), low), high))
    return int(value)


def real(where: str, value: Any, low: float = 0.0, high: float = math.inf) -> float:
    """A finite number."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{where}: expected a number, got {value!r}")
    if not (low <= float(value) <= high and math.isfinite(value)):
        limits = f"of {low:g} or more" if math.isinf(high) else f"from {low:g} to {high:g}"
        raise ValueError(f"{where}: expected a finite number {limits}, got {value!r}")
    return float(value)


def column(where: str, values: Any, low: int = 0, high: int = 2**63 - 1) -> np.ndarray[Any, Any]:
    """A one-dimensional array of whole numbers, of its own and not writable."""
    array = np.asarray(values)
    if array.ndim != 1 or not array.size:
        raise ValueError(
            f"{where}: expected a list of at least one number, got shape {array.shape}"
        )
    if array.dtype.kind not in "iuf" or not np.all(np.isfinite(array)):
        raise TypeError(f"{where}: expected whole numbers, got {array.dtype} {values!r:.60}")
    wrong = np.flatnonzero((array < low) | (array > high) | (array != np.floor(array)))
    if wrong.size:
        at = int(wrong[0])
        raise ValueError(
            f"{where}[{at}]: expected a whole number from {low} to {high}, got {array[at]}"
        )
    array = array.astype(np.uint64)
    array.flags.writeable = False
    return array
