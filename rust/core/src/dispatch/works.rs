//! What there is to do: the pieces of work that a queue holds.

/// Something to do.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub(crate) enum Work {
    Interrupt {
        adapter: u16,
    },
    Dpc {
        adapter: u16,
        dpc: u32,
    },
    Deliver {
        adapter: u16,
    },
    Pump {
        adapter: u16,
        link: u32,
    },
    Timer {
        adapter: u16,
        timer: u32,
        arming: u64,
    },
    HangCheck {
        adapter: u16,
    },
    Device {
        adapter: u16,
        device: u32,
        arming: u64,
    },
    Thread {
        thread: u32,
    },
    /// A thread of a driver's own begins, or goes on; `timed` if nobody but the clock says so.
    Own {
        thread: u32,
        arming: u64,
        timed: bool,
    },
    Alarm {
        adapter: u16,
        arming: u64,
    },
}

impl Work {
    /// Whether a driver, or its card, begins it: others than NDIS may do so for ever.
    pub(crate) fn is_driver(self) -> bool {
        matches!(self, Work::Timer { .. } | Work::Dpc { .. } | Work::Device { .. })
    }

    pub(crate) fn priority(self) -> u8 {
        match self {
            Work::Interrupt { .. } | Work::Device { .. } => 0,
            Work::Dpc { .. } => 1,
            Work::Deliver { .. } | Work::Pump { .. } => 2,
            Work::Timer { .. } | Work::Thread { .. } | Work::Own { .. } | Work::Alarm { .. } => 3,
            Work::HangCheck { .. } => 4,
        }
    }

    /// What it is, for people.
    pub(crate) fn words(self) -> String {
        match self {
            Work::Interrupt { adapter } => format!("the interrupt's DPC of adapter {adapter}"),
            Work::Dpc { adapter, dpc } => format!("DPC {dpc} of adapter {adapter}"),
            Work::Deliver { adapter } => format!("the delivery of adapter {adapter}"),
            Work::Pump { link, .. } => format!("sending what link {link} has queued"),
            Work::Timer { adapter, timer, .. } => format!("timer {timer} of adapter {adapter}"),
            Work::HangCheck { adapter } => format!("the check for hang of adapter {adapter}"),
            Work::Device { adapter, device, .. } => format!("device {device} of adapter {adapter}"),
            Work::Thread { thread } => format!("thread {thread}"),
            Work::Own { thread, .. } => format!("thread {thread} of a driver's own"),
            Work::Alarm { adapter, .. } => format!("the protocol's alarm of adapter {adapter}"),
        }
    }
}
