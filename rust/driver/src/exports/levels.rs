//! The level that a function may be called at, by its published page: `IRQL_CALL`.
//!
//! Functions with a rule of their own are not here: completions, indications, spin locks, and those that wait only now and then.

use ndiswan::cx::Cpu;
use ndiswan::{Irql, Rule};

use super::exports;
use crate::context::Here;
use crate::peek;

/// Of functions that any level may call.
const ANY: u8 = u8::MAX;

/// For `PASSIVE_LEVEL`; of NDIS 5 those whose successor's page says it.
const PASSIVE: &[&str] = &[
    "NdisMInitializeWrapper",
    "NdisInitializeWrapper",
    "NdisTerminateWrapper",
    "NdisMRegisterMiniport",
    "NdisMRegisterUnloadHandler",
    "NdisMSetAttributes",
    "NdisMSetAttributesEx",
    "NdisOpenConfiguration",
    "NdisCloseConfiguration",
    "NdisReadConfiguration",
    "NdisWriteConfiguration",
    "NdisReadNetworkAddress",
    "NdisOpenFile",
    "NdisCloseFile",
    "NdisUnmapFile",
    "NdisMCreateLog",
    "NdisMCloseLog",
    "NdisMRegisterIoPortRange",
    "NdisMDeregisterIoPortRange",
    "NdisMMapIoSpace",
    "NdisMUnmapIoSpace",
    "NdisMRegisterInterrupt",
    "NdisMDeregisterInterrupt",
    "NdisMRegisterDmaChannel",
    "NdisMDeregisterDmaChannel",
    "NdisMInitializeScatterGatherDma",
    "NdisMAllocateMapRegisters",
    "NdisMFreeMapRegisters",
    "NdisMAllocateSharedMemory",
    "NdisFreeSpinLock",
    "NdisMRegisterDevice",
    "NdisMDeregisterDevice",
    "NdisMGetDeviceProperty",
    "NdisMQueryAdapterInstanceName",
    "NdisGetRoutineAddress",
    "NdisWaitEvent",
    "IoCreateSymbolicLink",
    "IoDeleteSymbolicLink",
    "IoInitializeTimer",
    "ObReferenceObjectByHandle",
    "PsCreateSystemThread",
    "PsTerminateSystemThread",
    "ZwClose",
];

/// Below `DISPATCH_LEVEL`.
const APC: &[&str] = &[
    "NdisMSleep",
    "NdisOpenConfigurationKeyByIndex",
    "NdisOpenConfigurationKeyByName",
    "KeDelayExecutionThread",
    "ExAcquireFastMutex",
    "IoCreateDevice",
    "IoDeleteDevice",
];

/// For `DISPATCH_LEVEL` at most: not for an interrupt service routine.
const DISPATCH: &[&str] = &[
    "NdisAllocateMemory",
    "NdisAllocateMemoryWithTag",
    "NdisFreeMemory",
    "NdisMAllocateSharedMemoryAsync",
    "NdisMFreeSharedMemory",
    "NdisMapFile",
    "NdisMWriteLogData",
    "NdisMFlushLog",
    "NdisMSetTimer",
    "NdisMSetPeriodicTimer",
    "NdisSetTimer",
    "NdisSetTimerEx",
    "NdisSetPeriodicTimer",
    "NdisMCancelTimer",
    "NdisCancelTimer",
    "NdisScheduleWorkItem",
    "NdisSetEvent",
    "NdisResetEvent",
    "NdisMQueryInformationComplete",
    "NdisMSetInformationComplete",
    "NdisMSetupDmaTransfer",
    "NdisMCompleteDmaTransfer",
    "NdisMReadDmaCounter",
    "NdisMRemoveMiniport",
    "NdisWriteEventLogEntry",
    "ExAllocatePoolWithTag",
    "ExFreePoolWithTag",
    "ExInitializeFastMutex",
    "ExQueueWorkItem",
    "IoAllocateWorkItem",
    "IoFreeWorkItem",
    "IoQueueWorkItem",
    "IoStartTimer",
    "IoStopTimer",
    "IoCompleteRequest",
    "KeSetTimer",
    "KeSetTimerEx",
    "KeCancelTimer",
    "KeClearEvent",
    "KeResetEvent",
    "KeSetEvent",
    "KeReadStateEvent",
    "KeReadStateTimer",
    "KeReleaseMutex",
    "KeReleaseSemaphore",
    "MmMapIoSpace",
    "MmUnmapIoSpace",
    "ObDereferenceObject",
];

/// The highest level for the function of this name.
pub(crate) const fn most(name: &str) -> u8 {
    if listed(PASSIVE, name) {
        Irql::PASSIVE.0
    } else if listed(APC, name) {
        Irql::APC.0
    } else if listed(DISPATCH, name) {
        Irql::DISPATCH.0
    } else {
        ANY
    }
}

const fn listed(names: &[&str], name: &str) -> bool {
    let mut at = 0;
    while at < names.len() {
        if same(names[at].as_bytes(), name.as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Reports a call above `most`.
#[inline]
pub(crate) fn allowed(here: &Here, most: u8) {
    if most != ANY && Cpu::current().irql().0 > most {
        broken(here, here.name, Irql(most));
    }
}

#[cold]
fn broken(here: &Here, name: &str, most: Irql) {
    let level = Cpu::current().irql();
    let or_below = if most > Irql::PASSIVE { " or below" } else { "" };
    here.broken(Rule::IrqlCall, &format!("{name} at {level}; expected {most}{or_below}"));
}

exports! {
    /// A function of the library in C that is for `most` at most.
    fn ndiswan_expect_level(here, name: usize, most: u8) {
        if Cpu::current().irql().0 > most {
            broken(here, &peek::text(name), Irql(most));
        }
    }
}
