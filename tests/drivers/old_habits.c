/* What drivers of the nineties do, all in one: it has to compile, and nothing of it runs. */
#include <stdlib.h>
#include "ndis.h"
#include <string.h>
#include <ndistapi.h>
#include <ndiswan.h>
#include <stdarg.h>
#include <stdio.h>
typedef unsigned long ulong; typedef unsigned short ushort; typedef unsigned char uchar;
typedef unsigned long DWORD; typedef unsigned char BYTE; typedef int BOOL;
NTSTATUS DriverEntry(PDRIVER_OBJECT d, PUNICODE_STRING r);
#pragma NDIS_INIT_FUNCTION(DriverEntry)
#pragma alloc_text(INIT, DriverEntry)
int select; int index(int a){return a;} char *remove; int time, signal;
static NDIS_PHYSICAL_ADDRESS Highest = NDIS_PHYSICAL_ADDRESS_CONST(-1, -1);
NDIS_STRING name = NDIS_STRING_CONST("IoBaseAddress");
NDIS_HANDLE w;
extern VOID __stdcall f(IN ULONG a OPTIONAL, OUT PULONG b);
_inline g(x) int x; { return x; }
__inline ULONG __cdecl h(void) { return 1; }
static __forceinline VOID k(void) { }
__declspec(dllexport) int exported; __declspec(align(16)) int al;
unsigned __int64 big; __int64 sg;
BOOLEAN Hang(IN NDIS_HANDLE c) { return FALSE; }
NDIS_STATUS Send(IN NDIS_HANDLE c, IN NDIS_HANDLE l, IN PNDIS_WAN_PACKET p){
  LIST_ENTRY q; PLIST_ENTRY e; ULONG addr; char buf[80]; UCHAR v;
  InitializeListHead(&q);
  InsertTailList(&q, &p->WanPacketQueue);
  while (!IsListEmpty(&q)) { e = RemoveHeadList(&q); p = CONTAINING_RECORD(e, NDIS_WAN_PACKET, WanPacketQueue); }
  addr = (ULONG)p; 
  NdisRawReadPortUchar(addr + 4, &v);
  NdisRawWritePortUchar((PUCHAR)addr + 4, v | 1);
  sprintf(buf, "%lx %s", addr, "x");
  __try { addr++; } __except (EXCEPTION_EXECUTE_HANDLER) { addr--; }
  if (addr) NdisZeroMemory(buf, sizeof(buf)); else NdisMoveMemory(buf, "a", 1);
  KdPrint(("x %d\n", 1)); DbgPrint("%wZ", &name); ASSERT(addr == 0);
  if (NdisEqualMemory(buf, "ab", 2)) return NDIS_STATUS_PENDING;
  NdisMWanSendComplete(c, p, NDIS_STATUS_SUCCESS);
  { NDIS_TAPI_EVENT ev; ev.ulMsg = LINE_CALLSTATE; ev.ulParam1 = LINECALLSTATE_CONNECTED; NdisMIndicateStatus(c, NDIS_STATUS_TAPI_INDICATION, &ev, sizeof(ev)); NdisMIndicateStatusComplete(c);}
  return(NDIS_STATUS_SUCCESS);
}
NTSTATUS DriverEntry(IN PDRIVER_OBJECT DriverObject, IN PUNICODE_STRING RegistryPath)
{
  NDIS_MINIPORT_CHARACTERISTICS ch;
  NdisMInitializeWrapper(&w, DriverObject, RegistryPath, NULL);
  ch.MajorNdisVersion = 4;
  ch.Reserved = NDIS_USE_WAN_WRAPPER; ch.CheckForHangHandler = Hang; ch.WanSendHandler = Send; ch.SendHandler = (PVOID)Send; 
  return NdisMRegisterMiniport(w, &ch, sizeof(ch));
}
