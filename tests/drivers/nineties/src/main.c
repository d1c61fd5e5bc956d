#pragma hdrstop
#include "..\inc\mytypes.h"
#include <NDIS.H>
#include <NdisWan.h>
#include <NdisTapi.h>
#include <NTDDNDIS.h>
#pragma warning(disable:4100 4514)
#pragma pack(1)
typedef struct _FRAME_HDR { BYTE type; WORD len; DWORD addr; } FRAME_HDR, *PFRAME_HDR;
#pragma pack()
#pragma pack(push, 1)
typedef struct { UCHAR a; ULONG b; } PACKED2;
#pragma pack(pop)
C_ASSERT(sizeof(FRAME_HDR) == 7); C_ASSERT(sizeof(PACKED2) == 5);
#define INCLUDE_DATA
NDIS_HANDLE NdisWrapperHandle = NULL;
NDIS_PHYSICAL_ADDRESS HighestAcceptableMax = NDIS_PHYSICAL_ADDRESS_CONST(-1,-1);
ULONG DebugLevel = DBG_ALL;
UCHAR *copyright = "\251 1996 Fabrik f\374r Ger\344te";
static char version[] = "V1.00", date[] = __DATE__;
static struct tag { char *name; NDIS_PARAMETER_TYPE type; ULONG low, high; } keys[] = {
  { "A", NdisParameterInteger, 0L, 0xFFFFFFFFL }, { "B", NdisParameterString } };
#pragma alloc_text(INIT, DriverEntry)
#pragma code_seg("PAGE")
#pragma code_seg()
#pragma data_seg("PAGED")
#pragma data_seg()
#pragma intrinsic(memcpy, strlen)
#pragma optimize("", off)
#pragma optimize("", on)
#pragma comment(lib, "ndis.lib")
#pragma function(memset)
#pragma inline_depth(8)
#pragma auto_inline(off)
#pragma check_stack(off)
#pragma message("building " __FILE__)
#pragma NDIS_PAGABLE_FUNCTION(Halt)

/* K&R */
static ULONG KrSum(a, b, c)
ULONG a; USHORT b;
char *c;
{ register i; for (i = 0; c && *c; ++c) i += *c; return a + b + i; }

INLINE STATIC ULONG inl(ULONG x) { return x << 1; }
__inline VOID NakedInline(PULONG p) { *p |= 1; }
extern ULONG OtherUnit();
Implicit();

VOID DbgDump(PUCHAR p, UINT n) { while (n--) DbgPrint("%02x ", *p++); DbgPrint("\n"); }

#define CHECK(c) if (!(c)) { DbgPrint("wrong line %d: %s\n", __LINE__, #c); }

BOOLEAN CheckForHang(IN NDIS_HANDLE MiniportAdapterContext) { return FALSE; }
VOID Halt(IN NDIS_HANDLE MiniportAdapterContext) { NdisFreeMemory(MiniportAdapterContext, 256, 0); }
VOID DisableInterrupt(IN NDIS_HANDLE c) {}
VOID EnableInterrupt(IN NDIS_HANDLE c) {}
VOID HandleInterrupt(IN NDIS_HANDLE c) {}
VOID Isr(OUT PBOOLEAN InterruptRecognized, OUT PBOOLEAN QueueDpc, IN PVOID Context) { *InterruptRecognized = TRUE; *QueueDpc = FALSE; }
NDIS_STATUS Reconfigure(OUT PNDIS_STATUS e, IN NDIS_HANDLE c, IN NDIS_HANDLE w) { return NDIS_STATUS_SUCCESS; }
NDIS_STATUS Reset(OUT PBOOLEAN AddressingReset, IN NDIS_HANDLE c) { *AddressingReset = FALSE; return NDIS_STATUS_SUCCESS; }
static ULONG line_id;

NDIS_STATUS QueryInformation(IN NDIS_HANDLE c, IN NDIS_OID Oid, IN PVOID Buffer, IN ULONG Length, OUT PULONG Written, OUT PULONG Needed)
{
  PNDIS_WAN_INFO info; 
  switch (Oid) {
  case OID_WAN_GET_INFO:
    if (Length < sizeof(NDIS_WAN_INFO)) { *Needed = sizeof(NDIS_WAN_INFO); return NDIS_STATUS_INVALID_LENGTH; }
    info = (PNDIS_WAN_INFO) Buffer;
    info->MaxFrameSize = 1500; info->MaxTransmit = 2; info->HeaderPadding = 0; info->TailPadding = 0; info->Endpoints = 2;
    info->MemoryFlags = 0; info->HighestAcceptableAddress = HighestAcceptableMax;
    info->FramingBits = PPP_FRAMING | PPP_COMPRESS_ADDRESS_CONTROL | PPP_COMPRESS_PROTOCOL_FIELD | RAS_FRAMING;
    info->DesiredACCM = 0;
    *Written = sizeof(NDIS_WAN_INFO);
    return NDIS_STATUS_SUCCESS;
  case OID_WAN_PERMANENT_ADDRESS: case OID_WAN_CURRENT_ADDRESS:
    if (Length < 6) { *Needed = 6; return NDIS_STATUS_INVALID_LENGTH; }
    NdisMoveMemory(Buffer, "\0WAN01", 6); *Written = 6; return NDIS_STATUS_SUCCESS;
  case OID_WAN_MEDIUM_SUBTYPE:
    if (Length < 4) { *Needed = 4; return NDIS_STATUS_INVALID_LENGTH; }
    *(PULONG)Buffer = NdisWanMediumIsdn; *Written = 4; return NDIS_STATUS_SUCCESS;
  case OID_TAPI_GET_DEV_CAPS: {
    PNDIS_TAPI_GET_DEV_CAPS p = Buffer; LINE_DEV_CAPS *d = &p->LineDevCaps;
    if (d->ulTotalSize < sizeof(LINE_DEV_CAPS)) return NDIS_STATUS_TAPI_STRUCTURETOOSMALL;
    d->ulNeededSize = d->ulUsedSize = sizeof(LINE_DEV_CAPS);
    d->ulProviderInfoSize = 4; d->ulProviderInfoOffset = sizeof(LINE_DEV_CAPS);
    d->ulLineNameSize = 4; d->ulLineNameOffset = sizeof(LINE_DEV_CAPS) + 4; d->ulSwitchInfoSize = 0;
    d->ulPermanentLineID = 1; d->ulStringFormat = STRINGFORMAT_ASCII; d->ulAddressModes = LINEADDRESSMODE_ADDRESSID;
    d->ulNumAddresses = 1; d->ulBearerModes = LINEBEARERMODE_DATA; d->ulMaxRate = 64000; d->ulMediaModes = LINEMEDIAMODE_DIGITALDATA;
    d->ulGenerateToneModes = d->ulGenerateToneMaxNumFreq = d->ulGenerateDigitModes = d->ulMonitorToneMaxNumFreq = 0;
    d->ulGatherDigitsMinTimeout = d->ulMedCtlDigitMaxListSize = 0; d->ulDevCapFlags = LINEDEVCAPFLAGS_CLOSEDROP;
    d->ulMaxNumActiveCalls = 1; d->ulAnswerMode = LINEANSWERMODE_DROP; d->ulRingModes = 1; d->ulLineStates = LINEDEVSTATE_CONNECTED;
    d->ulUUIAcceptSize = 0; d->MinDialParams.ulDialPause = 0; d->DefaultDialParams.ulWaitForDialtone = 0;
    d->ulNumTerminals = 0; d->ulDevSpecificSize = 0; d->ulLineFeatures = LINEFEATURE_MAKECALL;
    return NDIS_STATUS_SUCCESS; }
  case OID_TAPI_GET_CALL_INFO: {
    PNDIS_TAPI_GET_CALL_INFO p = Buffer; LINE_CALL_INFO *i = &p->LineCallInfo;
    i->hLine = 0; i->ulLineDeviceID = line_id; i->ulAddressID = 0; i->ulBearerMode = LINEBEARERMODE_DATA; i->ulRate = 64000;
    i->ulMediaMode = LINEMEDIAMODE_DIGITALDATA; i->ulAppSpecific = 0; i->ulCallID = 0; i->ulRelatedCallID = 0; i->ulCallParamFlags = 0;
    i->ulCallStates = LINECALLSTATE_IDLE | LINECALLSTATE_CONNECTED; i->ulMonitorDigitModes = 0; i->ulOrigin = LINECALLORIGIN_OUTBOUND;
    i->ulReason = LINECALLREASON_DIRECT; i->ulCompletionID = 0; i->ulCountryCode = 0; i->ulTrunk = 0xffffffff;
    i->ulCallerIDFlags = LINECALLPARTYID_UNAVAIL; i->ulCallerIDSize = i->ulCallerIDOffset = 0; i->ulCalledIDFlags = 0; i->ulConnectedIDFlags = 0; i->ulRedirectionIDFlags = 0; i->ulRedirectingIDFlags = 0;
    i->ulDisplaySize = 0; i->ulUserUserInfoSize = 0; i->ulHighLevelCompSize = 0; i->ulLowLevelCompSize = 0; i->ulChargingInfoSize = 0; i->ulTerminalModesSize = 0;
    return NDIS_STATUS_SUCCESS; }
  case OID_TAPI_GET_ID: {
    PNDIS_TAPI_GET_ID g = (PNDIS_TAPI_GET_ID) Buffer;
    CHAR *name = (CHAR *)g + sizeof(NDIS_TAPI_GET_ID) + g->ulDeviceClassOffset;
    if (!_stricmp(name, "ndis")) { g->DeviceID.ulStringFormat = STRINGFORMAT_BINARY; g->DeviceID.ulStringSize = sizeof(ULONG); g->DeviceID.ulStringOffset = sizeof(VAR_STRING); }
    if (g->DeviceID.ulTotalSize < g->DeviceID.ulNeededSize) return NDIS_STATUS_TAPI_INVALDEVICECLASS;
    return NDIS_STATUS_SUCCESS; }
  case OID_TAPI_GET_ADDRESS_STATUS: { PNDIS_TAPI_GET_ADDRESS_STATUS s = Buffer; s->LineAddressStatus.ulNumInUse = 0; s->LineAddressStatus.ulAddressFeatures = 0; return 0; }
  case OID_TAPI_GET_CALL_STATUS: { PNDIS_TAPI_GET_CALL_STATUS s = Buffer; s->LineCallStatus.ulCallState = LINECALLSTATE_IDLE; s->LineCallStatus.ulCallStateMode = LINEDISCONNECTMODE_NORMAL; return 0; }
  case OID_TAPI_GET_LINE_DEV_STATUS: { PNDIS_TAPI_GET_LINE_DEV_STATUS s = Buffer; s->LineDevStatus.ulNumActiveCalls = 0; s->LineDevStatus.ulSignalLevel = 0x10000L; return 0; }
  case OID_TAPI_GET_ADDRESS_CAPS: { PNDIS_TAPI_GET_ADDRESS_CAPS s = Buffer; s->LineAddressCaps.ulAddrCapFlags = LINEADDRCAPFLAGS_DIALED; return 0; }
  case OID_TAPI_GET_ADDRESS_ID: case OID_TAPI_CONFIG_DIALOG: case OID_TAPI_DEV_SPECIFIC: case OID_TAPI_GET_EXTENSION_ID: case OID_TAPI_NEGOTIATE_EXT_VERSION: case OID_TAPI_SELECT_EXT_VERSION: case OID_TAPI_SECURE_CALL: case OID_TAPI_SEND_USER_USER_INFO: case OID_TAPI_SET_APP_SPECIFIC: case OID_TAPI_SET_CALL_PARAMS: case OID_TAPI_SET_DEFAULT_MEDIA_DETECTION: case OID_TAPI_SET_DEV_CONFIG: case OID_TAPI_SET_MEDIA_MODE: case OID_TAPI_SET_STATUS_MESSAGES: case OID_TAPI_GET_DEV_CONFIG: case OID_TAPI_CONDITIONAL_MEDIA_DETECTION: case OID_TAPI_ACCEPT: case OID_TAPI_CLOSE: case OID_TAPI_PROVIDER_SHUTDOWN:
  default: break; }
  *Needed = 0;
  return NDIS_STATUS_INVALID_OID;
}
NDIS_STATUS SetInformation(IN NDIS_HANDLE c, IN NDIS_OID Oid, IN PVOID Buffer, IN ULONG Length, OUT PULONG Read, OUT PULONG Needed)
{
  if (Oid == OID_TAPI_MAKE_CALL) {
    PNDIS_TAPI_MAKE_CALL m = (PNDIS_TAPI_MAKE_CALL)Buffer; PLINE_CALL_PARAMS pp = (PLINE_CALL_PARAMS)&m->LineCallParams;
    char num[32]; NdisMoveMemory(num, (PUCHAR)m + m->ulDestAddressOffset, min(m->ulDestAddressSize, 31));
    m->hdCall = (HDRV_CALL)(ULONG)c; if (pp->ulMinRate > 64000L) return NDIS_STATUS_TAPI_RATEUNAVAIL;
  }
  if (Oid == OID_WAN_SET_LINK_INFO) { PNDIS_WAN_SET_LINK_INFO l = Buffer; l->NdisLinkHandle = (NDIS_HANDLE)(DWORD)l->NdisLinkHandle; *Read = sizeof *l; return NDIS_STATUS_SUCCESS; }
  return NDIS_STATUS_INVALID_OID;
}
NDIS_STATUS WanSend(IN NDIS_HANDLE c, IN NDIS_HANDLE l, IN PNDIS_WAN_PACKET p) { p->MacReserved1 = (PVOID)(ULONG)c; return NDIS_STATUS_SUCCESS; }
VOID Timer(IN PVOID s1, IN PVOID Context, IN PVOID s2, IN PVOID s3) { }

static NDIS_STATUS Initialize(OUT PNDIS_STATUS OpenErrorStatus, OUT PUINT SelectedMediumIndex, IN PNDIS_MEDIUM MediumArray, IN UINT MediumArraySize,
  IN NDIS_HANDLE MiniportAdapterHandle, IN NDIS_HANDLE WrapperConfigurationContext)
{
  static NDIS_MINIPORT_TIMER timer; NDIS_STATUS Status; UINT n; NDIS_HANDLE cfg; PNDIS_CONFIGURATION_PARAMETER v; PVOID ctx; LONG neg = -1; 
  NDIS_STRING kInt = NDIS_STRING_CONST("IoBaseAddress"), kHex = NDIS_STRING_CONST("Hex"), kStr = NDIS_STRING_CONST("SwitchType"), kMulti = NDIS_STRING_CONST("Multi"), kBin = NDIS_STRING_CONST("Bin"), kNone = NDIS_STRING_CONST("None");
  BOOLEAN cancelled; ULONG i; KIRQL irql; LARGE_INTEGER t, u; TIME_FIELDS tf; ANSI_STRING as; char buf[100]; UNICODE_STRING us; WCHAR wb[32];
  for (n = 0; n < MediumArraySize; n++) if (MediumArray[n] == NdisMediumWan) break;
  if (n == MediumArraySize) return NDIS_STATUS_UNSUPPORTED_MEDIA;
  *SelectedMediumIndex = n;
  NdisAllocateMemory(&ctx, 256, 0, HighestAcceptableMax);
  NdisZeroMemory(ctx, 256);
  CHECK((PVOID)(ULONG)ctx == ctx);
  NdisMSetAttributes(MiniportAdapterHandle, (NDIS_HANDLE)ctx, FALSE, NdisInterfaceIsa);
  NdisOpenConfiguration(&Status, &cfg, WrapperConfigurationContext);
  NdisReadConfiguration(&Status, &v, cfg, &kInt, NdisParameterInteger); CHECK(Status == NDIS_STATUS_SUCCESS && v->ParameterData.IntegerData == 0x300);
  NdisReadConfiguration(&Status, &v, cfg, &kHex, NdisParameterHexInteger); CHECK(Status == NDIS_STATUS_SUCCESS && v->ParameterData.IntegerData == 0x1f);
  NdisReadConfiguration(&Status, &v, cfg, &kStr, NdisParameterString); CHECK(Status == NDIS_STATUS_SUCCESS && v->ParameterType == NdisParameterString);
  as.Buffer = buf; as.Length = 0; as.MaximumLength = sizeof(buf); RtlUnicodeStringToAnsiString(&as, &v->ParameterData.StringData, FALSE); CHECK(!strncmp(buf, "5ESS", 4));
  NdisReadConfiguration(&Status, &v, cfg, &kMulti, NdisParameterMultiString); CHECK(Status == NDIS_STATUS_SUCCESS && v->ParameterData.StringData.Length >= 10);
  NdisReadConfiguration(&Status, &v, cfg, &kBin, NdisParameterBinary); CHECK(Status == NDIS_STATUS_SUCCESS && v->ParameterData.BinaryData.Length == 3);
  NdisReadConfiguration(&Status, &v, cfg, &kNone, NdisParameterInteger); CHECK(Status == NDIS_STATUS_FAILURE);
  NdisCloseConfiguration(cfg);
  CHECK(neg == 0xFFFFFFFFL); CHECK(sizeof(long) == 4); CHECK(sizeof(1L) == 4); CHECK(-1L < 0L); CHECK((neg >> 31) == -1L); CHECK(0x100000000i64 > 0xFFFFFFFFui64);
  CHECK(KrSum(1L, 2, "\001") == 4); CHECK(inl(2) == 4); CHECK(OtherUnit(3) == 9); CHECK(Implicit() == 7);
  NdisMInitializeTimer(&timer, MiniportAdapterHandle, (PNDIS_TIMER_FUNCTION)Timer, ctx); NdisMSetPeriodicTimer(&timer, 100); NdisMCancelTimer(&timer, &cancelled); CHECK(cancelled);
  irql = KeGetCurrentIrql(); CHECK(irql == PASSIVE_LEVEL);
  tf.Year = 1996; tf.Month = 2; tf.Day = 29; tf.Hour = 12; tf.Minute = 34; tf.Second = 56; tf.Milliseconds = 789;
  CHECK(RtlTimeFieldsToTime(&tf, &t)); RtlTimeToTimeFields(&t, &tf); CHECK(tf.Month == 2 && tf.Day == 29 && tf.Weekday == 4 && tf.Milliseconds == 789);
  RtlTimeToSecondsSince1970(&t, &i); CHECK(i == 825597296);
  t.QuadPart = 0x0123456789abcdefi64; u = RtlLargeIntegerShiftRight(t, 8); CHECK(u.LowPart == 0x6789abcd); CHECK(u.HighPart == 0x12345);
  strcpy(buf, "AT&F;ATZ,ATD"); CHECK(!strcmp(strtok(buf, ";,"), "AT&F")); CHECK(!strcmp(strtok(NULL, ";,"), "ATZ")); CHECK(!strcmp(strtok(NULL, ";,"), "ATD")); CHECK(strtok(NULL, ";,") == NULL);
  sprintf(buf, "%lu %ld %lx %-5s|%5d|%S|%ws|%c|%08lX", 4000000000UL, -5L, 0xabcdefL, "ab", 42, L"wide", L"w", 'x', 0xDEADL); CHECK(!strcmp(buf, "4000000000 -5 abcdef ab   |   42|wide|w|x|0000DEAD"));
  CHECK(strtoul("0x1F", NULL, 0) == 31); CHECK(!_strnicmp("ABCdef", "abcDEX", 5)); CHECK(!memcmp(_strrev(strcpy(buf, "abc")), "cba", 4));
  us.Buffer = wb; us.MaximumLength = sizeof(wb); us.Length = 0; RtlIntegerToUnicodeString(1234, 10, &us); CHECK(us.Length == 8 && wb[3] == L'4'); CHECK(_wtoi(L"-77") == -77);
  { RTL_BITMAP m; ULONG bits[2] = {0, 0}; RtlInitializeBitMap(&m, bits, 40); CHECK(RtlFindClearBitsAndSet(&m, 33, 0) == 0); CHECK(RtlFindClearBits(&m, 8, 0) == -1L); CHECK(RtlFindClearBits(&m, 7, 0) == 33); CHECK(RtlNumberOfSetBits(&m) == 33); }
  { static ULONGLONG mem[64]; ZONE_HEADER z; PVOID a; CHECK(NT_SUCCESS(ExInitializeZone(&z, 64, mem, sizeof(mem)))); a = ExAllocateFromZone(&z); CHECK(a != NULL && !ExIsFullZone(&z)); ExFreeToZone(&z, a); }
  { ULONG one = 1; KSPIN_LOCK kl; KeInitializeSpinLock(&kl); CHECK(ExInterlockedAddUlong(&one, 2, &kl) == 1); CHECK(InterlockedExchange((PLONG)&one, 9) == 3); CHECK(ExInterlockedDecrementLong((PLONG)&one, &kl) == ResultPositive); }
  { PMDL m = IoAllocateMdl(ctx, 100, FALSE, FALSE, NULL); MmBuildMdlForNonPagedPool(m); CHECK(MmGetSystemAddressForMdl(m) == ctx); IoFreeMdl(m); }
  { PIO_ERROR_LOG_PACKET e = IoAllocateErrorLogEntry(NULL, sizeof(*e)); RtlZeroMemory(e, sizeof(*e)); e->ErrorCode = 0xC0001389L; IoWriteErrorLogEntry(e); }
  NdisWriteErrorLogEntry(MiniportAdapterHandle, NDIS_ERROR_CODE_RESOURCE_CONFLICT, 2, 0x1000L, (ULONG)ctx);
  { NDIS_HANDLE f; UINT len; PUCHAR image; NDIS_PHYSICAL_ADDRESS hi = NDIS_PHYSICAL_ADDRESS_CONST(-1, -1); NDIS_STRING fn = NDIS_STRING_CONST("nothere.bin"); NdisOpenFile(&Status, &f, &len, &fn, hi); CHECK(Status == NDIS_STATUS_FILE_NOT_FOUND); }
  DBG_TRACE(DBG_FUNC, ("all done %d\n", 1));
  PUSHF();
  return NDIS_STATUS_SUCCESS;
}
NTSTATUS DriverEntry(IN PDRIVER_OBJECT DriverObject, IN PUNICODE_STRING RegistryPath)
{
  NDIS_MINIPORT_CHARACTERISTICS NdisWanChar; NDIS_STATUS Status;
  NdisMInitializeWrapper(&NdisWrapperHandle, DriverObject, RegistryPath, NULL);
  NdisZeroMemory(&NdisWanChar, sizeof(NdisWanChar));
  NdisWanChar.MajorNdisVersion = NDIS_MINIPORT_MAJOR_VERSION; NdisWanChar.MinorNdisVersion = NDIS_MINIPORT_MINOR_VERSION;
  NdisWanChar.Reserved = NDIS_USE_WAN_WRAPPER;
  NdisWanChar.CheckForHangHandler = CheckForHang; NdisWanChar.HaltHandler = Halt; NdisWanChar.InitializeHandler = Initialize;
  NdisWanChar.QueryInformationHandler = QueryInformation; NdisWanChar.ReconfigureHandler = Reconfigure; NdisWanChar.ResetHandler = Reset;
  NdisWanChar.WanSendHandler = WanSend; NdisWanChar.SetInformationHandler = SetInformation; NdisWanChar.TransferDataHandler = NULL;
  NdisWanChar.ISRHandler = (W_ISR_HANDLER) Isr; NdisWanChar.DisableInterruptHandler = DisableInterrupt;
  NdisWanChar.EnableInterruptHandler = EnableInterrupt; NdisWanChar.HandleInterruptHandler = HandleInterrupt;
  Status = NdisMRegisterMiniport(NdisWrapperHandle, &NdisWanChar, sizeof(NdisWanChar));
  if (Status != NDIS_STATUS_SUCCESS) { NdisTerminateWrapper(NdisWrapperHandle, NULL); BREAK(); }
  return Status == NDIS_STATUS_SUCCESS ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}
