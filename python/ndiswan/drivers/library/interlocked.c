/* What is done in one step: numbers by the processor, lists under the lock that the caller brings. */
#include "library.h"

LIBRARY LONG InterlockedIncrement(volatile LONG *value) { return __sync_add_and_fetch(value, 1); }
LIBRARY LONG InterlockedDecrement(volatile LONG *value) { return __sync_sub_and_fetch(value, 1); }
LIBRARY LONG InterlockedExchange(volatile LONG *value, LONG to) { return __atomic_exchange_n(value, to, __ATOMIC_SEQ_CST); }
LIBRARY LONG InterlockedExchangeAdd(volatile LONG *value, LONG by) { return __sync_fetch_and_add(value, by); }
LIBRARY LONG InterlockedAnd(volatile LONG *value, LONG with) { return __sync_fetch_and_and(value, with); }
LIBRARY LONG InterlockedOr(volatile LONG *value, LONG with) { return __sync_fetch_and_or(value, with); }
LIBRARY LONG InterlockedXor(volatile LONG *value, LONG with) { return __sync_fetch_and_xor(value, with); }
LIBRARY LONG NdisInterlockedIncrement(PLONG value) { return InterlockedIncrement(value); }
LIBRARY LONG NdisInterlockedDecrement(PLONG value) { return InterlockedDecrement(value); }

LIBRARY LONG InterlockedCompareExchange(volatile LONG *value, LONG to, LONG if_it_is)
{
    return __sync_val_compare_and_swap(value, if_it_is, to);
}

/* With a lock in its arguments and a number in its hands, no lock has to be taken: nobody may change the number but by these. */
LIBRARY LONG ExInterlockedAddLong(PLONG value, LONG by, PKSPIN_LOCK lock)
{
    (void)lock;
    return __sync_fetch_and_add(value, by);
}

LIBRARY ULONG ExInterlockedAddUlong(PULONG value, ULONG by, PKSPIN_LOCK lock)
{
    (void)lock;
    return __sync_fetch_and_add(value, by);
}

LIBRARY ULONG ExInterlockedExchangeUlong(PULONG value, ULONG to, PKSPIN_LOCK lock)
{
    (void)lock;
    return __atomic_exchange_n(value, to, __ATOMIC_SEQ_CST);
}

LIBRARY LARGE_INTEGER ExInterlockedAddLargeInteger(PLARGE_INTEGER value, LARGE_INTEGER by, PKSPIN_LOCK lock)
{
    LARGE_INTEGER before;

    (void)lock;
    before.QuadPart = __sync_fetch_and_add(&value->QuadPart, by.QuadPart);
    return before;
}

LIBRARY ULONG NdisInterlockedAddUlong(PULONG value, ULONG by, PNDIS_SPIN_LOCK lock)
{
    return ExInterlockedAddUlong(value, by, &lock->SpinLock);
}

LIBRARY LARGE_INTEGER NdisInterlockedAddLargeInteger(PLARGE_INTEGER value, LARGE_INTEGER by, PKSPIN_LOCK lock)
{
    return ExInterlockedAddLargeInteger(value, by, lock);
}

/* These may be called at any level, even that of a device, so the lock is a bit that is spun on for three stores and no engine is asked.
 * One lock for all lists: a KSPIN_LOCK of the caller may be freed, or be one that the engine keeps its own account in. */
static volatile LONG lists_busy;
static __thread volatile LONG mine;

static void enter(void)
{
    while (__atomic_exchange_n(&lists_busy, 1, __ATOMIC_ACQUIRE) != 0)
        __builtin_ia32_pause();
    mine = 1;
}

static void let_go(void)
{
    mine = 0;
    __atomic_store_n(&lists_busy, 0, __ATOMIC_RELEASE);
}

/* A list with a wild pointer in it faults between the two, and the call is left: the others must not wait for it. */
void ndiswan_leave_lists(void)
{
    if (mine)
        let_go();
}

LIBRARY PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY head, PLIST_ENTRY entry, PKSPIN_LOCK lock)
{
    PLIST_ENTRY first;

    (void)lock;
    enter();
    first = IsListEmpty(head) ? NULL : head->Flink;
    InsertHeadList(head, entry);
    let_go();
    return first;
}

LIBRARY PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY head, PLIST_ENTRY entry, PKSPIN_LOCK lock)
{
    PLIST_ENTRY last;

    (void)lock;
    enter();
    last = IsListEmpty(head) ? NULL : head->Blink;
    InsertTailList(head, entry);
    let_go();
    return last;
}

LIBRARY PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY head, PKSPIN_LOCK lock)
{
    PLIST_ENTRY first;

    (void)lock;
    enter();
    first = IsListEmpty(head) ? NULL : RemoveHeadList(head);
    let_go();
    return first;
}

LIBRARY PSINGLE_LIST_ENTRY ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY head, PKSPIN_LOCK lock)
{
    PSINGLE_LIST_ENTRY first;

    (void)lock;
    enter();
    first = PopEntryList(head);
    let_go();
    return first;
}

LIBRARY PSINGLE_LIST_ENTRY ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY head, PSINGLE_LIST_ENTRY entry, PKSPIN_LOCK lock)
{
    PSINGLE_LIST_ENTRY first;

    (void)lock;
    enter();
    first = head->Next;
    PushEntryList(head, entry);
    let_go();
    return first;
}

/* The NDIS forms are published as taking the NDIS spin lock that the driver also takes by itself: so they take it, up to the level at
 * which that can be held. They may be called at any. */
LIBRARY PLIST_ENTRY NdisInterlockedInsertHeadList(PLIST_ENTRY head, PLIST_ENTRY entry, PNDIS_SPIN_LOCK lock)
{
    PLIST_ENTRY first;

    if (KeGetCurrentIrql() > DISPATCH_LEVEL)
        return ExInterlockedInsertHeadList(head, entry, NULL);
    NdisAcquireSpinLock(lock);
    first = ExInterlockedInsertHeadList(head, entry, NULL);
    NdisReleaseSpinLock(lock);
    return first;
}

LIBRARY PLIST_ENTRY NdisInterlockedInsertTailList(PLIST_ENTRY head, PLIST_ENTRY entry, PNDIS_SPIN_LOCK lock)
{
    PLIST_ENTRY last;

    if (KeGetCurrentIrql() > DISPATCH_LEVEL)
        return ExInterlockedInsertTailList(head, entry, NULL);
    NdisAcquireSpinLock(lock);
    last = ExInterlockedInsertTailList(head, entry, NULL);
    NdisReleaseSpinLock(lock);
    return last;
}

LIBRARY PLIST_ENTRY NdisInterlockedRemoveHeadList(PLIST_ENTRY head, PNDIS_SPIN_LOCK lock)
{
    PLIST_ENTRY first;

    if (KeGetCurrentIrql() > DISPATCH_LEVEL)
        return ExInterlockedRemoveHeadList(head, NULL);
    NdisAcquireSpinLock(lock);
    first = ExInterlockedRemoveHeadList(head, NULL);
    NdisReleaseSpinLock(lock);
    return first;
}

LIBRARY PSINGLE_LIST_ENTRY NdisInterlockedPopEntryList(PSINGLE_LIST_ENTRY head, PKSPIN_LOCK lock)
{
    return ExInterlockedPopEntryList(head, lock);
}

LIBRARY PSINGLE_LIST_ENTRY NdisInterlockedPushEntryList(PSINGLE_LIST_ENTRY head, PSINGLE_LIST_ENTRY entry, PKSPIN_LOCK lock)
{
    return ExInterlockedPushEntryList(head, entry, lock);
}

LIBRARY void ExInitializeSListHead(PSLIST_HEADER head)
{
    memset(head, 0, sizeof *head);
}

LIBRARY USHORT ExQueryDepthSList(PSLIST_HEADER head)
{
    return (USHORT)head->NDISWAN_Depth;
}

LIBRARY PSLIST_ENTRY ExInterlockedPopEntrySList(PSLIST_HEADER head, PKSPIN_LOCK lock)
{
    PSLIST_ENTRY first;

    (void)lock;
    enter();
    first = head->NDISWAN_First;
    if (first != NULL) {
        head->NDISWAN_First = first->Next;
        head->NDISWAN_Depth--;
    }
    let_go();
    return first;
}

LIBRARY PSLIST_ENTRY ExInterlockedPushEntrySList(PSLIST_HEADER head, PSLIST_ENTRY entry, PKSPIN_LOCK lock)
{
    PSLIST_ENTRY first;

    (void)lock;
    enter();
    first = head->NDISWAN_First;
    entry->Next = first;
    head->NDISWAN_First = entry;
    head->NDISWAN_Depth++;
    let_go();
    return first;
}

LIBRARY PSLIST_ENTRY ExInterlockedFlushSList(PSLIST_HEADER head)
{
    PSLIST_ENTRY first;

    enter();
    first = head->NDISWAN_First;
    head->NDISWAN_First = NULL;
    head->NDISWAN_Depth = 0;
    let_go();
    return first;
}
