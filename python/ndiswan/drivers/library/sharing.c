/* Locks that several may have at once. Who has to wait does so for an event of the engine's. */
#include "library.h"

static void begin(PERESOURCE resource)
{
    while (__sync_lock_test_and_set(&resource->NDISWAN_Guard, 1))
        YieldProcessor();
}

static void end(PERESOURCE resource) { __sync_lock_release(&resource->NDISWAN_Guard); }

LIBRARY NTSTATUS ExInitializeResourceLite(PERESOURCE resource)
{
    memset(resource, 0, sizeof(*resource));
    KeInitializeEvent(&resource->NDISWAN_Freed, NotificationEvent, FALSE);
    return STATUS_SUCCESS;
}

LIBRARY NTSTATUS ExDeleteResourceLite(PERESOURCE resource)
{
    memset(resource, 0, sizeof(*resource));
    return STATUS_SUCCESS;
}

/* Whether the thread has it now. One that has it alone may take it again, to share it too. */
static BOOLEAN taken(PERESOURCE resource, PKTHREAD thread, BOOLEAN alone)
{
    BOOLEAN own, free;

    begin(resource);
    own = resource->NDISWAN_Owner == thread;
    free = resource->NDISWAN_Owner == NULL && (!alone || resource->NDISWAN_Shared == 0);
    if (own || (free && alone)) {
        resource->NDISWAN_Owner = thread;
        resource->NDISWAN_Exclusive++;
    } else if (free) {
        resource->NDISWAN_Shared++;
    }
    end(resource);
    return own || free;
}

static BOOLEAN acquire(PERESOURCE resource, BOOLEAN alone, BOOLEAN wait)
{
    PKTHREAD thread = KeGetCurrentThread();

    for (;;) {
        /* Before it is tried: who gives it back meanwhile sets it again. */
        KeClearEvent(&resource->NDISWAN_Freed);
        if (taken(resource, thread, alone))
            return TRUE;
        if (!wait)
            return FALSE;
        KeWaitForSingleObject(&resource->NDISWAN_Freed, Executive, KernelMode, FALSE, NULL);
    }
}

LIBRARY BOOLEAN ExAcquireResourceExclusiveLite(PERESOURCE resource, BOOLEAN wait)
{
    AT_MOST(APC_LEVEL);
    return acquire(resource, TRUE, wait);
}

LIBRARY BOOLEAN ExAcquireResourceSharedLite(PERESOURCE resource, BOOLEAN wait)
{
    AT_MOST(APC_LEVEL);
    return acquire(resource, FALSE, wait);
}

LIBRARY void ExReleaseResourceLite(PERESOURCE resource)
{
    PKTHREAD thread = KeGetCurrentThread();

    AT_MOST(DISPATCH_LEVEL);
    begin(resource);
    if (resource->NDISWAN_Owner == thread) {
        if (--resource->NDISWAN_Exclusive == 0)
            resource->NDISWAN_Owner = NULL;
    } else if (resource->NDISWAN_Shared > 0) {
        resource->NDISWAN_Shared--;
    }
    end(resource);
    KeSetEvent(&resource->NDISWAN_Freed, IO_NO_INCREMENT, FALSE);
}

LIBRARY BOOLEAN ExIsResourceAcquiredExclusiveLite(PERESOURCE resource) { return resource->NDISWAN_Owner == KeGetCurrentThread(); }

LIBRARY ULONG ExIsResourceAcquiredSharedLite(PERESOURCE resource)
{
    return resource->NDISWAN_Owner == KeGetCurrentThread() ? resource->NDISWAN_Exclusive : resource->NDISWAN_Shared;
}

LIBRARY void IoInitializeRemoveLockEx(PIO_REMOVE_LOCK lock, ULONG tag, ULONG most_minutes, ULONG high_water, ULONG size)
{
    (void)tag, (void)most_minutes, (void)high_water, (void)size;
    lock->Common.Removed = FALSE;
    lock->Common.IoCount = 1;
    KeInitializeEvent(&lock->Common.RemoveEvent, SynchronizationEvent, FALSE);
}

LIBRARY void IoReleaseRemoveLockEx(PIO_REMOVE_LOCK lock, PVOID tag, ULONG size)
{
    (void)tag, (void)size;
    if (InterlockedDecrement(&lock->Common.IoCount) == 0)
        KeSetEvent(&lock->Common.RemoveEvent, IO_NO_INCREMENT, FALSE);
}

LIBRARY NTSTATUS IoAcquireRemoveLockEx(PIO_REMOVE_LOCK lock, PVOID tag, PCSTR file, ULONG line, ULONG size)
{
    (void)file, (void)line;
    InterlockedIncrement(&lock->Common.IoCount);
    if (!lock->Common.Removed)
        return STATUS_SUCCESS;
    IoReleaseRemoveLockEx(lock, tag, size);
    return STATUS_DELETE_PENDING;
}

/* Beside its own, the caller's is given back; then all others are waited for. */
LIBRARY void IoReleaseRemoveLockAndWaitEx(PIO_REMOVE_LOCK lock, PVOID tag, ULONG size)
{
    AT_MOST(PASSIVE_LEVEL);
    (void)tag, (void)size;
    lock->Common.Removed = TRUE;
    InterlockedDecrement(&lock->Common.IoCount);
    if (InterlockedDecrement(&lock->Common.IoCount) > 0)
        KeWaitForSingleObject(&lock->Common.RemoveEvent, Executive, KernelMode, FALSE, NULL);
}

LIBRARY BOOLEAN KeRegisterBugCheckCallback(
    PKBUGCHECK_CALLBACK_RECORD record, PKBUGCHECK_CALLBACK_ROUTINE routine, PVOID buffer, ULONG length, PUCHAR component)
{
    if (record->State != BufferEmpty)
        return FALSE;
    record->CallbackRoutine = routine;
    record->Buffer = buffer;
    record->Length = length;
    record->Component = component;
    record->State = BufferInserted;
    return TRUE;
}

LIBRARY BOOLEAN KeDeregisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD record)
{
    BOOLEAN was = record->State == BufferInserted;

    record->State = BufferEmpty;
    return was;
}
