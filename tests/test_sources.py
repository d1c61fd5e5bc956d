"""Which C files of a driver are compiled, and with what: its own `sources` and `dirs` files say so."""

import pytest

import ndiswan as nw
from ndiswan.checking.in_c import is_in_c
from ndiswan.drivers import BuildError, build, load
from ndiswan.drivers.messages import header_of
from ndiswan.drivers.sources import sources_of

ENTRY = "int DriverEntry(void *driver, void *registry) { return 0; }\n"


def files(folder, **texts):
    """Files below the folder by name; ``__`` is a dot and ``_0_`` a slash."""
    for name, text in texts.items():
        path = folder / name.replace("_0_", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def names(folder):
    """What is compiled, from the folder on."""
    return [
        file.resolve().relative_to(folder.resolve()).as_posix() for file in sources_of(folder).files
    ]


@pytest.mark.parametrize("slash", ["\\", "/"])
def test_a_sources_file_names_files_in_other_folders(tmp_path, slash):
    """With either slash, in any case, above and below; what is no C file is left out."""
    listing = f"TARGETNAME=t\nSOURCES=..{slash}FIRST.c \\\r\n  i386{slash}x.c \\  \r\n own.c t.rc i386{slash}y.asm\n"
    files(tmp_path, First__c=ENTRY, nt_0_I386_0_X__C="", nt_0_own__c="", nt_0_SOURCES=listing)
    found = [file.resolve() for file in sources_of(tmp_path / "nt").files]
    nt = tmp_path / "nt"
    assert found == [tmp_path / "First.c", nt / "I386" / "X.C", nt / "own.c"]
    assert build(nt).name.startswith("nt-")


def test_a_sources_file_may_add_to_what_it_has(tmp_path):
    """The last assignment counts, unless it takes up what was before; a comment is none."""
    listing = "SOURCES=a.c\nSOURCES=b.c # c.c\n!IF 0\nSOURCES=$(SOURCES) d.c\n!ENDIF\n"
    files(tmp_path, a__c="", b__c="", c__c="", d__c="", sources=listing)
    assert names(tmp_path) == ["b.c"]


def test_the_files_for_the_pc_belong_to_it(tmp_path):
    """What another machine has in their place does not."""
    listing = (
        "i386_SOURCES=i386\\port.c i386\\fast.asm\nALPHA_SOURCES=alpha\\port.c\nSOURCES=own.c\n"
    )
    files(tmp_path, own__c="", i386_0_port__c="", alpha_0_port__c="", sources=listing)
    assert names(tmp_path) == ["own.c", "i386/port.c"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"include": "nix"}, r"include: expected a list of folders, got 'nix'; say \['nix'\]"),
        ({"define": ["DBG"]}, r"define: expected a dict of macros, .* got \['DBG'\]"),
        ({"device": 5}, "device: expected a function of a space, .* got 5"),
    ],
)
def test_what_is_no_argument_is_refused_in_words(tmp_path, given, words):
    """A string for a list, a list for a dict, a number for a function."""
    files(tmp_path, own__c=ENTRY)
    with pytest.raises(TypeError, match=words):
        load(tmp_path / "own.c", **given)


def test_names_that_are_none_are_refused(tmp_path, monkeypatch):
    """An empty one is not this folder; a compiler is one program; what lacks a function is the driver."""
    with pytest.raises(BuildError, match=r"got an empty name; \. is this folder"):
        load("")
    lacks = "int Unheard(void);\n" + ENTRY.replace("return 0", "return Unheard()")
    files(tmp_path, drv_0_a__c="", drv_0_b__c=lacks)
    with pytest.raises(BuildError, match=r"^drv: needs 1 function\(s\)"):
        build(tmp_path / "drv")
    monkeypatch.setenv("CC", "ccache gcc")
    with pytest.raises(
        BuildError, match=r"\$CC: expected the name of one program, got 'ccache gcc'"
    ):
        build(tmp_path / "drv")


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('!IF "$(VERSION)" == "50"', True),
        ("!if $(VERSION) >= 51", False),
        ("!IF $(386) && !$(NOTHING)", True),
        ("!IF defined(NOTHING) || (3 != 4)", True),
        ("!IFDEF NOTHING", False),
        ("!ifndef NOTHING", True),
        ("!IF 0\n!ELSEIF $(FREEBUILD)", True),
        ('!IF 1\nSOURCES=$(SOURCES)\n!ELSE IF "a" == "a"', False),
        ("!IF 0\n!IF 1\nSOURCES=x.c\n!ENDIF\n!ELSEIFDEF VERSION", True),
    ],
)
def test_conditions_are_those_of_a_free_build(tmp_path, condition, holds):
    """NMAKE's comparisons, macros that BUILD has, and one branch of several."""
    listing = f"VERSION=50\nSOURCES=a.c\n{condition}\nSOURCES=$(SOURCES) b.c\n!ENDIF\n"
    files(tmp_path, a__c="", b__c="", sources=listing)
    assert names(tmp_path) == ["a.c", "b.c"][: 1 + holds]


def test_a_file_that_is_included_has_its_macros(tmp_path):
    """By its name in any case of letters, with either slash; one that is not there is the DDK's own."""
    files(
        tmp_path,
        common__inc="COMMON=a.c\nC_DEFINES=-DFROM=1\n",
        src_0_a__c="",
        src_0_b__c="",
        src_0_sources="!INCLUDE ..\\Common.Inc\n!INCLUDE $(NTMAKEENV)\\makefile.def\nSOURCES=$(COMMON) b.c\n",
    )
    assert names(tmp_path / "src") == ["a.c", "b.c"]
    assert sources_of(tmp_path / "src").define == {"FROM": "1"}


def test_its_includes_and_macros_count(tmp_path):
    """Without `-I` and `-D`; what is given by hand comes first, and what is under a condition is left out."""
    code = '#include <ndis.h>\n#include "OWN.H"\nint DriverEntry(void *driver, void *registry)\n'
    code += '{ DbgPrint("%d %s %d %d\\n", NUMBER, WORD, OWN, PLAIN); return 0; }\n'
    listing = (
        "INCLUDES=..\\Inc;$(DDKROOT)\\inc;..\\nowhere\n"
        'C_DEFINES=$(C_DEFINES) -DNUMBER=5 -DWORD=\\"word\\" /DPLAIN -DNDIS50_MINIPORT=1\n'
        "!IFDEF SPECIAL\nC_DEFINES=-DNUMBER=9\n!ENDIF\nSOURCES=main.c\n"
    )
    files(tmp_path, inc_0_own__h="#define OWN 7\n", src_0_main__c=code, src_0_sources=listing)
    for define, number in (({}, 5), ({"NUMBER": 6}, 6)):
        driver = load(tmp_path / "src", define=define)
        with nw.Ndis() as ndis, pytest.raises(RuntimeError):
            ndis.bind(nw.Protocol(), driver)
        assert driver.printed == [f"{number} word 7 1\n"]
    assert sources_of(tmp_path / "src").define["NDIS50_MINIPORT"] == "1"


def test_a_dirs_file_leads_to_the_folders_of_a_driver(tmp_path):
    """All of them are one driver; a folder that is named and not there is left out, and a circle ends."""
    files(
        tmp_path,
        dirs="DIRS= \\\n  Lib \\\n  drv gone\nOPTIONAL_DIRS=test\n",
        lib_0_helper__c="int Helper(void) { return 0; }\n",
        drv_0_main__c="int Helper();\n" + ENTRY.replace("return 0", "return Helper()"),
        drv_0_other__c="#error not of it\n",
        drv_0_sources="SOURCES=main.c\n",
        test_0_test__c="#error not of it\n",
    )
    assert names(tmp_path) == ["lib/helper.c", "drv/main.c"]
    assert is_in_c(str(tmp_path))  # so that it is checked and explored as well
    build(tmp_path)
    (tmp_path / "drv" / "sources").unlink()
    files(tmp_path, drv_0_dirs="DIRS=..\n")
    with pytest.raises(BuildError, match=r"expected \*\.c or a file named sources"):
        sources_of(tmp_path)


def test_what_a_sources_file_names_and_is_not_there_is_told(tmp_path):
    """All of them at once, as they are named."""
    files(tmp_path, a__c=ENTRY, sources="SOURCES=a.c ..\\b.c sub\\c.c\n")
    with pytest.raises(
        BuildError, match=r"sources: names \.\.\\b\.c, sub\\c\.c, which is not there"
    ):
        sources_of(tmp_path)
    files(tmp_path, sources="TARGETNAME=x\n")
    with pytest.raises(BuildError, match="has no line SOURCES= with C files"):
        sources_of(tmp_path)


def test_every_file_that_does_not_compile_is_told(tmp_path):
    """At once, with the compiler's words for each; of many a few, and how many more there are."""
    files(
        tmp_path, a__c="int a(void) { return A; }\n", b__c=ENTRY, c__c="int c(void) { return C; }\n"
    )
    with pytest.raises(BuildError) as refused:
        build(tmp_path)
    told = str(refused.value)
    assert "a.c: does not compile" in told
    assert "c.c: does not compile" in told
    assert "b.c" not in told
    for number in range(6):
        files(tmp_path, **{f"d{number}__c": "int x = Y;\n"})
    with pytest.raises(BuildError, match="3 more of the 9 files do not compile"):
        build(tmp_path)


MESSAGES = """;/* what the log has */
MessageIdTypedef=NDIS_ERROR_CODE
SeverityNames=(Success=0x0:STATUS_SEVERITY_SUCCESS
               Error=0x3:STATUS_SEVERITY_ERROR
              )
FacilityNames=(System=0x0 Card=0x7:FACILITY_CARD)

MessageId=0x2001 Facility=Card Severity=Error SymbolicName=LOG_NO_CARD
Language=English
%2 : MessageId=no keyword, ( and no list.
.
Language=Deutsch
Keine Karte.
.

MessageId=
SymbolicName=LOG_NO_FIRMWARE
Language=English
.
MessageId=+2
Severity=Success
SymbolicName=LOG_STARTED
Language=English
It goes.
.
"""


def test_the_header_of_a_message_file_is_made(tmp_path, monkeypatch):
    """Numbers go up by one, severity and facility stay until another is said, texts are nothing."""
    monkeypatch.setenv("NDISWAN_CACHE", str(tmp_path / "cache"))
    text = header_of(MESSAGES)
    assert text.startswith("/* what the log has */\n#define STATUS_SEVERITY_SUCCESS 0x0\n")
    for name, value in (
        ("NO_CARD", "C0072001"),
        ("NO_FIRMWARE", "C0072002"),
        ("STARTED", "00072004"),
    ):
        assert f"#define LOG_{name} ((NDIS_ERROR_CODE)0x{value}L)\n" in text
    source = (
        '#include <ndis.h>\n#include "log.h"\nint f(void) { return LOG_STARTED + FACILITY_CARD; }\n'
    )
    files(tmp_path, sources="SOURCES=log.mc a.c\n", log__mc=MESSAGES, a__c=source + ENTRY)
    assert build(tmp_path).is_file()
    files(tmp_path, log__h="#error mine\n")  # one that was made already stays
    with pytest.raises(BuildError, match="mine"):
        build(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\nMessageId=x\nSymbolicName=A\nLanguage=E\n", "line 4: expected a number, got 'x'"),
        ("Severity=Bad\n", "line 1: expected one of success, .*; got 'Bad'"),
        ("Sverity=Error\n", "line 1: there is no keyword 'Sverity'"),
        ("hello world\n", "line 1: expected Keyword=value, got 'hello world'"),
        (
            "\nSeverityNames=(Success=0x0\nMessageId=1\n",
            r"line 3: expected \) at the end of a list",
        ),
    ],
)
def test_a_message_file_that_cannot_be_read_is_told(tmp_path, text, words):
    """With the line; it is the driver's folder that does not build."""
    files(tmp_path, sources="SOURCES=log.mc a.c\n", log__mc=text, a__c=ENTRY)
    with pytest.raises(BuildError, match=rf"log\.mc: {words}"):
        build(tmp_path)


def test_macros_of_conditions_come_from_the_environment(tmp_path, monkeypatch):
    """As with NMAKE; what the file sets itself counts more."""
    listing = "!IFDEF CARD_NT40\nSOURCES=a.c\n!ELSE\nSOURCES=b.c\n!ENDIF\n"
    listing += "CARD_NT40=0\n!IF $(CARD_NT40)\nSOURCES=c.c\n!ENDIF\n"
    files(tmp_path, a__c="", b__c="", c__c="", sources=listing)
    monkeypatch.delenv("CARD_NT40", raising=False)
    assert names(tmp_path) == ["b.c"]
    monkeypatch.setenv("card_nt40", "1")
    assert names(tmp_path) == ["a.c"]


def test_a_header_that_cannot_be_kept_is_told(tmp_path, monkeypatch):
    """With the variable that names another folder."""
    monkeypatch.setenv("NDISWAN_CACHE", str(tmp_path / "sources" / "no-folder"))
    files(tmp_path, sources="SOURCES=log.mc a.c\n", log__mc=MESSAGES, a__c=ENTRY)
    with pytest.raises(BuildError, match=r"log\.h cannot be written: .*NDISWAN_CACHE"):
        build(tmp_path)


@pytest.mark.parametrize(
    ("flags", "version"),
    [("", "40"), ("-DNDIS30_MINIPORT=1", "30"), ("-DNDIS50_MINIPORT=1", "50")],
)
def test_a_sources_file_says_for_which_version_a_driver_is(tmp_path, flags, version):
    """The structure of its characteristics is that version's; 4.0 where nothing is said."""
    size = "int size[sizeof(NDIS_MINIPORT_CHARACTERISTICS) == sizeof(NDIS{}_MINIPORT_CHARACTERISTICS) ? 1 : -1];\n"
    listing = f"SOURCES=a.c\nC_DEFINES={flags}\n"
    files(tmp_path, sources=listing, a__c=f"#include <ndis.h>\n{size.format(version)}{ENTRY}")
    assert build(tmp_path).is_file()
