//! The objects that the engine's steps touch, as numbers.

use super::Access;

impl Access {
    /// Nothing is known: it conflicts with everything that is shared.
    pub const ANY: Access = Access { object: u64::MAX, write: true };

    fn of(kind: u64, adapter: u16, number: u32) -> Access {
        Access { object: kind << 56 | u64::from(adapter) << 32 | u64::from(number), write: true }
    }

    /// A packet.
    pub(crate) fn packet(adapter: u16, slot: u32) -> Access {
        Access::of(1, adapter, slot)
    }

    /// A spin lock.
    pub(crate) fn lock(lock: u32) -> Access {
        Access::of(2, 0, lock)
    }

    /// An adapter as a whole.
    pub(crate) fn adapter(adapter: u16) -> Access {
        Access::of(3, adapter, 0)
    }

    /// A line.
    pub(crate) fn link(link: u32) -> Access {
        Access::of(4, 0, link)
    }

    /// A timer or a DPC.
    pub(crate) fn timer(adapter: u16, timer: u32) -> Access {
        Access::of(5, adapter, timer)
    }

    /// What it touches, in words; of what is not known, nothing.
    pub(crate) fn words(self, lock: impl Fn(u32) -> String) -> String {
        let (adapter, number) = (self.object >> 32 & 0xFFFF, self.object as u32);
        match self.object >> 56 {
            1 => format!("packet {adapter}.{number}"),
            2 => lock(number),
            3 => format!("adapter {adapter}"),
            4 => format!("link {number}"),
            5 => format!("timer {number} of adapter {adapter}"),
            _ => String::new(),
        }
    }
}
