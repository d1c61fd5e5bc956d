/* What the Microsoft compiler of the nineties took and today's compilers refuse. Each CHECK says its line if it does not hold. */
#include <ndis.h>
#include <ndiswan.h>
#include <malloc.h>
#include <tchar.h>

#define CHECK(c) if (!(c)) { DbgPrint("wrong line %d: %s\n", __LINE__, #c); }
#define FIELD(pointer, field) pointer->##field
#define TRACE(arguments) DbgPrint ##arguments
#define DISABLE() __asm pushf __asm cli
#define RESTORE() __asm popf

typedef struct _PLACE { PUCHAR Next; ULONG Count; PVOID Any[2]; } PLACE, *PPLACE;

int Sum();
extern int Mine();
int Other();
static VOID Walk(PPLACE Place, PUCHAR Bytes);
CHAR _far *Far;

static int Counted(int which)
{
    int found = 0;

    switch (which) {
    case 1:
        found = 1;
        break;
    default:
    }
    if (found)
        goto done;
    found = 2;
done:
    return Late(found);
}

/* Called before it was declared, and static all the same. */
static int Late(int value) { return value * 3; }
static int Mine() { return 1; }
int Sum(UCHAR a, USHORT b) { return a + b; }

static VOID Walk(PPLACE Place, PUCHAR Bytes)
{
    register PUCHAR p = Bytes;
    PVOID any = Bytes;
    char *text = "((PULONG)p)++ and (PUCHAR)p += 4;";

    Place->Next = Bytes;
    *((PULONG)p)++ = 0x44332211;
    CHECK(p == Bytes + 4 && Bytes[0] == 0x11 && Bytes[3] == 0x44);
    (PUCHAR)any += 2;
    CHECK(any == Bytes + 2);
    ((PUSHORT)Place->Next)++;
    CHECK(Place->Next == Bytes + 2);
    ++((PULONG)Place->Next);
    CHECK(Place->Next == Bytes + 6);
    if (any) (PUCHAR)Place->Any[1] = Bytes + 1;
    CHECK(Place->Any[1] == Bytes + 1);
    ((USHORT)Place->Count) |= 0x10;
    CHECK(Place->Count == 0x10);
    CHECK(text[0] == '(' && strlen(text) == 33);
    CHECK(FIELD(Place, Count) == 0x10);
}

static VOID Halt(NDIS_HANDLE Context) { }
static NDIS_STATUS Request(NDIS_HANDLE c, NDIS_OID oid, PVOID b, ULONG n, PULONG w, PULONG r) { return NDIS_STATUS_NOT_SUPPORTED; }
static NDIS_STATUS Reset(PBOOLEAN a, NDIS_HANDLE c) { *a = FALSE; return NDIS_STATUS_SUCCESS; }
static NDIS_STATUS Send(NDIS_HANDLE c, NDIS_HANDLE l, PNDIS_WAN_PACKET p) { return NDIS_STATUS_SUCCESS; }

static NDIS_STATUS Initialize(PNDIS_STATUS s, PUINT index, PNDIS_MEDIUM media, UINT count, NDIS_HANDLE handle, NDIS_HANDLE context)
{
    static UCHAR bytes[16];
    static PLACE place;
    TCHAR *name = _T("narrow");

    for (*index = 0; *index < count && media[*index] != NdisMediumWan; ++*index) ;
    NdisMSetAttributes(handle, (NDIS_HANDLE)bytes, FALSE, NdisInterfaceIsa);
    Walk(&place, bytes);
    DISABLE();
    CHECK(Counted(1) == 3 && Counted(2) == 6);
    RESTORE();
    CHECK(Mine() == 1);
    CHECK(Other() == 2);
    CHECK(Sum(255, 65535) == 65790);
    CHECK(name[0] == 'n' && alloca(8) != NULL);
    TRACE(("all done\n"));
    return NDIS_STATUS_SUCCESS;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_CHARACTERISTICS c;
    NDIS_HANDLE wrapper;

    NdisMInitializeWrapper(&wrapper, DriverObject, RegistryPath, NULL);
    NdisZeroMemory(&c, sizeof(c));
    c.MajorNdisVersion = 4;
    c.Reserved = NDIS_USE_WAN_WRAPPER;
    c.HaltHandler = Halt;
    c.InitializeHandler = Initialize;
    c.QueryInformationHandler = Request;
    c.SetInformationHandler = Request;
    c.ResetHandler = Reset;
    c.WanSendHandler = Send;
    return NdisMRegisterMiniport(wrapper, &c, sizeof(c));
}
