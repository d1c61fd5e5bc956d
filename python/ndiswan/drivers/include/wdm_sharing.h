/* Locks that several may have at once, ERESOURCE and IO_REMOVE_LOCK, which are waited for below DISPATCH_LEVEL; and what of the kernel
 * drivers name that share a machine: queued spin locks, floating point, processors, callbacks. All of it is plain C in library/. */
#ifndef NDISWAN_WDM_SHARING_H
#define NDISWAN_WDM_SHARING_H

#include "wdm_kernel.h"
#include "wdm_system.h"

typedef struct _ERESOURCE {
    LIST_ENTRY SystemResourcesList;
    PKTHREAD NDISWAN_Owner;
    LONG NDISWAN_Exclusive, NDISWAN_Shared;
    volatile LONG NDISWAN_Guard;
    KEVENT NDISWAN_Freed;
    ULONG_PTR Reserved[4];
    KSPIN_LOCK SpinLock;
} ERESOURCE, *PERESOURCE;
typedef ULONG_PTR ERESOURCE_THREAD;
extern NTSTATUS ExInitializeResourceLite(PERESOURCE resource);
extern NTSTATUS ExDeleteResourceLite(PERESOURCE resource);
extern BOOLEAN ExAcquireResourceExclusiveLite(PERESOURCE resource, BOOLEAN wait);
extern BOOLEAN ExAcquireResourceSharedLite(PERESOURCE resource, BOOLEAN wait);
extern void ExReleaseResourceLite(PERESOURCE resource);
extern BOOLEAN ExIsResourceAcquiredExclusiveLite(PERESOURCE resource);
extern ULONG ExIsResourceAcquiredSharedLite(PERESOURCE resource);
#define ExReinitializeResourceLite(resource) ExInitializeResourceLite(resource)
#define ExReleaseResourceForThreadLite(resource, thread) ((void)(thread), ExReleaseResourceLite(resource))
#define ExGetCurrentResourceThread() ((ERESOURCE_THREAD)KeGetCurrentThread())
/* Of NT 3.51. */
#define ExInitializeResource ExInitializeResourceLite
#define ExDeleteResource ExDeleteResourceLite
#define ExAcquireResourceExclusive ExAcquireResourceExclusiveLite
#define ExAcquireResourceShared ExAcquireResourceSharedLite
#define ExReleaseResource ExReleaseResourceLite

typedef struct _IO_REMOVE_LOCK_COMMON_BLOCK {
    BOOLEAN Removed, Reserved[3];
    LONG IoCount;
    KEVENT RemoveEvent;
} IO_REMOVE_LOCK_COMMON_BLOCK;
typedef struct _IO_REMOVE_LOCK { IO_REMOVE_LOCK_COMMON_BLOCK Common; } IO_REMOVE_LOCK, *PIO_REMOVE_LOCK;
extern void IoInitializeRemoveLockEx(PIO_REMOVE_LOCK lock, ULONG tag, ULONG most_minutes, ULONG high_water, ULONG size);
extern NTSTATUS IoAcquireRemoveLockEx(PIO_REMOVE_LOCK lock, PVOID tag, PCSTR file, ULONG line, ULONG size);
extern void IoReleaseRemoveLockEx(PIO_REMOVE_LOCK lock, PVOID tag, ULONG size);
extern void IoReleaseRemoveLockAndWaitEx(PIO_REMOVE_LOCK lock, PVOID tag, ULONG size);
#define IoInitializeRemoveLock(lock, tag, most_minutes, high_water) \
    IoInitializeRemoveLockEx(lock, tag, most_minutes, high_water, sizeof(IO_REMOVE_LOCK))
#define IoAcquireRemoveLock(lock, tag) IoAcquireRemoveLockEx(lock, tag, __FILE__, __LINE__, sizeof(IO_REMOVE_LOCK))
#define IoReleaseRemoveLock(lock, tag) IoReleaseRemoveLockEx(lock, tag, sizeof(IO_REMOVE_LOCK))
#define IoReleaseRemoveLockAndWait(lock, tag) IoReleaseRemoveLockAndWaitEx(lock, tag, sizeof(IO_REMOVE_LOCK))

/* In the order of who came, which one processor at a time makes of any spin lock. */
typedef struct _KSPIN_LOCK_QUEUE {
    struct _KSPIN_LOCK_QUEUE *volatile Next;
    PKSPIN_LOCK volatile Lock;
} KSPIN_LOCK_QUEUE, *PKSPIN_LOCK_QUEUE;
typedef struct _KLOCK_QUEUE_HANDLE {
    KSPIN_LOCK_QUEUE LockQueue;
    KIRQL OldIrql;
} KLOCK_QUEUE_HANDLE, *PKLOCK_QUEUE_HANDLE;
#define KeAcquireInStackQueuedSpinLock(lock, handle) KeAcquireSpinLock((handle)->LockQueue.Lock = (lock), &(handle)->OldIrql)
#define KeReleaseInStackQueuedSpinLock(handle) KeReleaseSpinLock((handle)->LockQueue.Lock, (handle)->OldIrql)
#define KeAcquireInStackQueuedSpinLockAtDpcLevel(lock, handle) KeAcquireSpinLockAtDpcLevel((handle)->LockQueue.Lock = (lock))
#define KeReleaseInStackQueuedSpinLockFromDpcLevel(handle) KeReleaseSpinLockFromDpcLevel((handle)->LockQueue.Lock)

/* Registers are every thread's own. */
typedef struct _KFLOATING_SAVE { ULONG Dummy; } KFLOATING_SAVE, *PKFLOATING_SAVE;
#define KeSaveFloatingPointState(save) ((void)(save), STATUS_SUCCESS)
#define KeRestoreFloatingPointState(save) ((void)(save), STATUS_SUCCESS)
#define KeSetSystemAffinityThread(affinity) ((void)(affinity))
#define KeRevertToUserAffinityThread() ((void)0)
#define KeSetBasePriorityThread(thread, increment) ((void)(thread), (void)(increment), (LONG)0)
#define KeFlushWriteBuffer() KeMemoryBarrier()
#define KeReadStateSemaphore(semaphore) ((semaphore)->Header.SignalState)
#define KeReadStateMutex(mutex) ((mutex)->Header.SignalState)
#define ExAcquireFastMutexUnsafe ExAcquireFastMutex
#define ExReleaseFastMutexUnsafe ExReleaseFastMutex
/* The clock's tick stays what KeQueryTimeIncrement says. */
#define ExSetTimerResolution(time, set) ((void)(time), (void)(set), KeQueryTimeIncrement())
#define YieldProcessor() __builtin_ia32_pause()
#define IsNEC_98 FALSE
#define IsNotNEC_98 TRUE

#define InitializeSListHead(head) ExInitializeSListHead(head)
#define QueryDepthSList(head) ExQueryDepthSList(head)
#define InterlockedFlushSList(head) ExInterlockedFlushSList(head)
#define ExInterlockedAddLargeStatistic(value, by) ((void)InterlockedExchangeAdd64((LONGLONG *)(value), (by)))
#define ExInterlockedCompareExchange64(value, to, if_it_is, lock) InterlockedCompareExchange64(value, *(to), *(if_it_is))
typedef enum _EX_POOL_PRIORITY { LowPoolPriority, NormalPoolPriority = 16, HighPoolPriority = 32 } EX_POOL_PRIORITY;
#define ExAllocatePoolWithTagPriority(type, size, tag, priority) ((void)(priority), ExAllocatePoolWithTag(type, size, tag))
typedef enum _MM_SYSTEM_SIZE { MmSmallSystem, MmMediumSystem, MmLargeSystem } MM_SYSTEMSIZE;
#define MmQuerySystemSize() MmMediumSystem
#define MmGetMdlBaseVa(mdl) ((mdl)->StartVa)
#define MmIsDriverVerifying(driver) ((void)(driver), 0UL)
#define RtlStoreUlonglong(to, value) do { ULONGLONG value_ = (value); memcpy((to), &value_, sizeof(value_)); } while (0)
#define FIELD_SIZE(type, field) (sizeof(((type *)0)->field))
#define IsEqualGUIDAligned(a, b) IsEqualGUID(a, b)

/* A callback that the kernel calls when it stops the machine by itself, which it does not here. */
typedef VOID KBUGCHECK_CALLBACK_ROUTINE(PVOID Buffer, ULONG Length);
typedef KBUGCHECK_CALLBACK_ROUTINE *PKBUGCHECK_CALLBACK_ROUTINE;
typedef enum _KBUGCHECK_BUFFER_DUMP_STATE { BufferEmpty, BufferInserted, BufferStarted, BufferFinished } KBUGCHECK_BUFFER_DUMP_STATE;
typedef struct _KBUGCHECK_CALLBACK_RECORD {
    LIST_ENTRY Entry;
    PKBUGCHECK_CALLBACK_ROUTINE CallbackRoutine;
    PVOID Buffer;
    ULONG Length;
    PUCHAR Component;
    ULONG_PTR Checksum;
    UCHAR State;
} KBUGCHECK_CALLBACK_RECORD, *PKBUGCHECK_CALLBACK_RECORD;
#define KeInitializeCallbackRecord(record) ((void)((record)->State = BufferEmpty))
extern BOOLEAN KeRegisterBugCheckCallback(
    PKBUGCHECK_CALLBACK_RECORD record, PKBUGCHECK_CALLBACK_ROUTINE routine, PVOID buffer, ULONG length, PUCHAR component);
extern BOOLEAN KeDeregisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD record);

#endif
