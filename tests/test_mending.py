"""What the Microsoft compiler takes and gcc and clang refuse is built; what no compiler takes is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import ndiswan as nw
from compilers import COMPILERS
from ndiswan.drivers import BuildError, build, load
from ndiswan.drivers.longs import narrowed
from ndiswan.drivers.mending import Mended, only_pasting

REFUSED = Path(__file__).parent / "drivers" / "refused"


@COMPILERS
def test_a_driver_that_todays_compilers_refuse_runs(cc: str, monkeypatch) -> None:
    """Casts that are assigned to, late statics, empty parameter lists, pasted fields: each does what it says."""
    monkeypatch.setenv("CC", cc)
    driver = load(REFUSED)
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
    assert driver.crashed is None
    assert driver.printed == ["all done\n"]


@COMPILERS
def test_the_driver_is_one_that_they_refuse(cc: str) -> None:
    """Without what is changed for them the compilers have errors: else the test above would show nothing."""
    include = Path(nw.__file__).parent / "drivers" / "include"
    command = [cc, "-w", "-std=gnu89", "-fshort-wchar", "-fms-extensions", f"-I{include}"]
    tried = subprocess.run(
        [*command, "-fsyntax-only", REFUSED / "first.c"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode != 0
    assert "lvalue" in tried.stderr or "not assignable" in tried.stderr


@pytest.mark.parametrize(
    ("said", "text", "becomes"),
    [
        ("lvalue required as increment operand", "*((PULONG)p)++ = 5;", "*(*(PULONG*)&(p))++ = 5;"),
        (
            "expression is not assignable",
            "if (a) (PUCHAR)c->b[2] += 4;",
            "if (a) (*(PUCHAR*)&(c->b[2])) += 4;",
        ),
        ("lvalue required as left operand", "((T)x) == y; f((T)x <= 1);", None),
        ("lvalue required as left operand", 's = "((T)x)++";', None),
        (
            "assignment to cast is illegal, lvalue casts are not supported",
            "register UCHAR *q; --((A *)*q);",
            "UCHAR *q; --(*(A **)&(*q));",
        ),
        (
            "static declaration of \u2018f\u2019 follows non-static declaration",
            "static ULONG * f(a) int a; {} static int ff() {}",
            " ULONG * f(a) int a; {} static int ff() {}",
        ),
        (
            "conflicting types for 'f'; have 'int(UCHAR)'",
            "int f(); int g() { return f(); } int f(UCHAR a) { }",
            "int f(UCHAR a); int g() { return f(); } int f(UCHAR a) { }",
        ),
        ("conflicting types for 'f'", "int f(); int f(void *a);", None),
        ("label at end of compound statement: expected statement", "{ x: }", "{ x:; }"),
        ("'q' undeclared", "{ q: } ((T)x)++;", None),
    ],
)
def test_an_error_changes_what_it_names(said: str, text: str, becomes: str | None) -> None:
    """The place that an error is about is written as today's C has it; without such a place nothing changes."""
    mended = Mended(text)
    assert mended.by(f"a.c:1:2: error: {said}\n") == (becomes is not None)
    assert mended.text == (becomes or text)
    assert not mended.by("")


def test_only_what_is_pasted_is_borne() -> None:
    """An error of the preprocessor that is not about pasting stays one."""
    pasting = 'a.c:1:1: error: pasting "->" and "x" does not give a valid preprocessing token\n'
    assert only_pasting(pasting)
    assert not only_pasting(pasting + "a.c:2:2: error: #error no\n")
    assert not only_pasting("")


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("__asm cli\n__asm sti\nx;", ";\n;\nx;"),
        ("__asm pushf __asm cli; y;", "; y;"),
        ("_asm { cli\n nop }", ";\n"),
        ("_asm { jmp $+2\n jmp short $ + 2 }", ";\n"),
        ("__asm _emit 0x90\nx;", ";\nx;"),
        ("_asm { _emit 0EBh\n _emit 0 }", ";\n"),
        ("__asm _emit 0x0F", "__asm _emit 0x0F"),
        ("__asm { mov eax, 1 }", "__asm { mov eax, 1 }"),
        ('__asm__("cli"); asm("x");', '__asm__("cli"); asm("x");'),
    ],
)
def test_assembler_that_stands_for_nothing_here_is_nothing(given: str, read: str) -> None:
    """Turning interrupts off and flags are nothing; other instructions stay for the compiler to refuse."""
    assert narrowed(given, []) == read


def test_assembler_is_told_for_what_it_is(tmp_path: Path, monkeypatch) -> None:
    """Where gcc only sees bad C, the error says that it is assembler, and what to do."""
    monkeypatch.setenv("CC", "gcc")
    source = tmp_path / "port.c"
    source.write_text("int f(void)\n{\n    __asm { mov eax, 1 }\n    return 1;\n}\n")
    with pytest.raises(BuildError, match="has __asm with instructions of a 32-bit processor"):
        build(source)


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_a_pointer_cut_in_an_initializer_is_told_for_what_it_is(tmp_path, monkeypatch, cc) -> None:
    """A table of addresses as ULONG, which 32 bits took."""
    monkeypatch.setenv("CC", cc)
    source = tmp_path / "table.c"
    source.write_text(
        "#include <ndis.h>\nstatic int x;\nvoid f(void) { static ULONG t = (ULONG)&x; }\n"
    )
    with pytest.raises(BuildError, match=r"table\.c:3:(.|\n)*make that member ULONG_PTR"):
        build(source)


def test_a_header_that_is_nobodys_is_told(tmp_path: Path) -> None:
    """The error names the header, and how to give the folder that has it."""
    source = tmp_path / "tunnel.c"
    source.write_text("#include <ndis.h>\n#include <tdikrnl.h>\n")
    with pytest.raises(BuildError, match=r"tdikrnl.h is none of ndiswan's headers.*include=\["):
        build(source)


def test_functions_that_macros_of_the_library_make_are_there(tmp_path: Path) -> None:
    """What is linked with a driver is what the library's object has, however its source is written."""
    source = tmp_path / "buffers.c"
    source.write_text(
        "#include <ndis.h>\n"
        "void f(PUCHAR p)\n{\n"
        "    READ_PORT_BUFFER_USHORT((PUSHORT)0x300, (PUSHORT)p, 4);\n"
        "    WRITE_REGISTER_BUFFER_ULONG((PULONG)p, (PULONG)p, READ_REGISTER_ULONG((PULONG)p));\n"
        "}\nint DriverEntry(void *a, void *b) { return 0; }\n"
    )
    assert build(source).is_file()


LOOSE = """
#include <ndis.h>
typedef struct _CARD { int Looks; } CARD, *PCARD;
VOID Look(PVOID a, PVOID Context, PVOID b);
static VOID Begin(), Step();
extern ULONG Steps;
static ULONG Steps = 3;
VOID Look(PCARD Card, PVOID Context, PVOID b) { Card->Looks++; }
static VOID Begin(PCARD Card) { Card->Looks = 0; }
static VOID Step(UCHAR by, PCARD Card) { Card->Looks += by; }
typedef struct { UCHAR a : 1; USHORT b : 4; ULONG c : 5; } APART;
typedef struct { ULONG a : 4; UCHAR b : 4; } TWO;
#pragma pack(1)
typedef struct { ULONG Len : 16; USHORT Next; } PACKED;
#pragma pack()
NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING Path)
{
    CARD Card;
    ULONGLONG Wide = 1UI64 << 40;
    Begin(&Card);
    Look(&Card, NULL, NULL);
    Step(2, &Card);
    DbgPrint("%d %d %d\\n", Card.Looks, Steps, (int)(Wide >> 40));
    DbgPrint("%d %d %d\\n", sizeof(APART), sizeof(TWO), sizeof(PACKED));
    DbgPrint("%x %d\\n", EVENT_NDIS_OUT_OF_RESOURCE, __min(4, 5) + __max(4, 5));
    return STATUS_UNSUCCESSFUL;
}
"""


@COMPILERS
def test_what_that_compiler_only_warns_of_is_built(cc: str, monkeypatch, tmp_path: Path) -> None:
    """Pointers that differ between declaration and definition, lists of declarations; its bit-fields too."""
    monkeypatch.setenv("CC", cc)
    (tmp_path / "LOOSE.C").write_text(LOOSE)
    driver = load(tmp_path / "LOOSE.C")
    told = r"the last that it printed: 3 3 1 \| 8 8 6 \| c0001389 9"
    with nw.Ndis() as ndis, pytest.raises(RuntimeError, match=told):
        ndis.bind(nw.Protocol(), driver)


def test_other_declarations_are_left_alone() -> None:
    """Calls in functions stay as they are, whatever they look like."""
    text = "VOID F(PVOID a); VOID G() { b * F(c); F(d); } VOID F(PCARD p) { }"
    mended = Mended(text)
    assert mended.by("x.c:1:1: error: conflicting types for 'F'")
    assert mended.text == "VOID F(PCARD p); VOID G() { b * F(c); F(d); } VOID F(PCARD p) { }"
    assert not mended.by("x.c:1:1: error: conflicting types for 'F'")


DECLARED = """
#include <ndis.h>
#include <ndiswan.h>
#include <string.h>
extern ULONG DbgPrint(PCHAR Format, ...);
extern NTSTATUS RtlUnicodeStringToAnsiString(PANSI_STRING to, PUNICODE_STRING from, BOOLEAN allocate);
extern unsigned strlen(const char *text);
extern VOID DbgBreakPoint(VOID);
LONG InterlockedIncrement(PLONG value);
#ifndef ULONG_PTR
typedef ULONG ULONG_PTR;
#endif
typedef unsigned long DWORD_PTR;
VOID Use(struct _CARD *card);
typedef struct _CARD {
    int number;
} CARD, *PCARD;
VOID Use(PCARD card) { card->number = 7; }
LONG RtlCompareString(PCHAR a, PCHAR b) { return strlen(a) == strlen(b) ? 5 : 6; }
static DWORD_PTR Wide(PVOID p) { return (ULONG_PTR)p; }
NTSTATUS DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
    CARD card;
    LONG count = 1;
    Use(&card);
    DbgPrint("%d %d ", card.number, InterlockedIncrement(&count));
    DbgPrint("%d %d", RtlCompareString("ab", "cd"), Wide(&card) == (SIZE_T)&card);
    return STATUS_UNSUCCESSFUL;
}
"""


@COMPILERS
def test_what_a_driver_declares_once_more_is_what_the_headers_say(
    cc: str, monkeypatch, tmp_path
) -> None:
    """Own prototypes and types give way to ours, own functions to nobody; a tag may be first in a prototype."""
    monkeypatch.setenv("CC", cc)
    (tmp_path / "declared.c").write_text(DECLARED, "utf-8")
    driver = load(tmp_path / "declared.c")
    with nw.Ndis(on_violation="record") as ndis, pytest.raises(RuntimeError):
        ndis.bind(nw.Protocol(), driver)
    assert driver.printed == ["7 2 ", "5 1"]


@COMPILERS
def test_an_error_keeps_its_line_where_something_was_declared_before(
    cc: str, monkeypatch, tmp_path
) -> None:
    """What is put before the text, or taken out of it, moves no line of it."""
    monkeypatch.setenv("CC", cc)
    (tmp_path / "wrong.c").write_text(DECLARED + "int wrong = nothing;\n", "utf-8")
    line = DECLARED.count("\n") + 1
    with pytest.raises(BuildError, match=rf"wrong\.c:{line}:"):
        build(tmp_path / "wrong.c")


def test_a_structure_that_is_there_twice_is_not_taken_apart() -> None:
    """Its names stand behind its members: to take them away would leave the members without an end."""
    text = '# 1 "/ours/a.h"\ntypedef struct { int a; } X, *PX;\n# 1 "d.c"\ntypedef struct { int b; } X, *PX;\n'
    mended = Mended(text, ["/ours"])
    assert not mended.by("d.c:1: error: conflicting types for 'X'")
    assert mended.text == text
    # One that is no more than a name is.
    text = '# 1 "/ours/a.h"\ntypedef int X, Y;\n# 1 "d.c"\nint f() { return 0; }\ntypedef long X;\nX g();\n'
    mended = Mended(text, ["/ours"])
    assert mended.by("d.c:2: error: conflicting types for 'X'")
    assert mended.text == text.replace("\ntypedef long X;", "\n")
