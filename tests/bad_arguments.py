"""A driver in C that calls one function of the library with values that are wrong in each of its arguments.

It is written from the lists of functions. Which function, which argument and which value it is are in the frame that
it is sent, and an argument that is not the wrong one is the adapter's handle if it is the first, else room.
"""

import re
from pathlib import Path

from ndiswan.drivers.building import LIBRARY

#: NULL, nothing there, near the top, freed memory, the driver's own code and variables, a packet, garbage of the stack.
VALUES = (
    "0",
    "0x77",
    "(UINT_PTR)-16",
    "(UINT_PTR)Freed",
    "(UINT_PTR)Functions",
    "(UINT_PTR)Room",
    "(UINT_PTR)Packet",
    "(UINT_PTR)&Call",
    "(UINT_PTR)Adapter",
    "0x8000000000000001",
    "0xFFFFFFFF",
)
#: What end the driver's call or the machine is not called, nor what waits for ever with good arguments, as it says.
LEFT_OUT = {"KeBugCheck", "KeBugCheckEx"}
_ENTRY = re.compile(
    r"^(FUNCTION|PROCEDURE)\((?:[^,()]+,\s*)?(\w+),\s*\((.*)\),\s*\(([^()]*)\)\)$", re.MULTILINE
)


def functions():
    """Each function of the lists and its parameters' types."""
    found = {}
    for file in sorted(LIBRARY.glob("functions_*.h")):
        text = re.sub(r"/\*.*?\*/", "", file.read_text("utf-8"), flags=re.DOTALL)
        for _, name, parameters, arguments in _ENTRY.findall(text):
            count = len([one for one in arguments.split(",") if one.strip()])
            found[name] = (parameters, count)
    return {name: of for name, of in found.items() if name not in LEFT_OUT}


BEGIN = """
#include <ndis.h>
#include <ndiswan.h>
#include <stdio.h>

static NDIS_HANDLE Adapter;
static ULONG Function, Argument, Value;
static PVOID Freed;
static UCHAR Room[4096];

typedef UINT_PTR TEN(UINT_PTR, UINT_PTR, UINT_PTR, UINT_PTR, UINT_PTR, UINT_PTR, UINT_PTR, UINT_PTR, UINT_PTR, UINT_PTR,
    UINT_PTR, UINT_PTR);

static VOID Call(PNDIS_WAN_PACKET Packet)
{
"""

END = """
    UINT_PTR Given[12];
    ULONG Index;

    for (Index = 0; Index < 12; Index++) {
        Given[Index] = Index == 0 ? (UINT_PTR)Adapter : (UINT_PTR)(Room + 256 * Index);
    }
    Given[Argument] = Values[Value];
    ((TEN *)Functions[Function])(Given[0], Given[1], Given[2], Given[3], Given[4], Given[5], Given[6], Given[7],
        Given[8], Given[9], Given[10], Given[11]);
}

static NDIS_STATUS Send(NDIS_HANDLE Context, NDIS_HANDLE Link, PNDIS_WAN_PACKET Packet)
{
    ULONG *Which = (ULONG *)Packet->CurrentBuffer;

    Function = Which[0];
    Argument = Which[1];
    Value = Which[2];
    NdisAllocateMemoryWithTag(&Freed, 64, 'eerF');
    NdisFreeMemory(Freed, 64, 0);
    Call(Packet);
    return NDIS_STATUS_SUCCESS;
}
"""


def source(frame: Path) -> str:
    """The driver, with the rest of a miniport from ``frame``, a C file of which everything from Halt on is taken."""
    table = "".join(f"        (PVOID)({name}),\n" for name in functions())
    body = f"    static const PVOID Functions[] = {{\n{table}    }};\n"
    body += f"    UINT_PTR Values[] = {{{', '.join(VALUES)}}};"
    rest = frame.read_text("utf-8")
    rest = rest[rest.index("static VOID Halt") :].replace("&Table,", "Room,")
    rest = rest.replace(
        "    NdisMSetAttributesEx", "    Adapter = AdapterHandle;\n    NdisMSetAttributesEx"
    )
    return f"{BEGIN}{body}\n{END}\n{rest}"
