//! Locks: how spin locks are taken and given back, and when none may be held.

use super::{Family, RuleInfo, RuleSeverity, Strength};

pub(super) const LOCK_HELD: RuleInfo = RuleInfo {
    id: "LOCK_HELD",
    family: Family::Lock,
    sentence: "The driver holds no spin lock when it completes a send, indicates status or completes a reset.",
    why: "The call runs the protocol, which may send again, and the send enters `wan_send` on the same stack. If that \
          takes the lock which is still held, the processor waits for itself for ever. With two processors the same \
          deadlock needs only NDIS's lock and the driver's, taken in opposite order.",
    page: "A driver must release any spin lock it holds before it calls NdisMWanSendComplete. The pages of \
           NdisMIndicateStatus and NdisMResetComplete say the same; for other NDIS calls it is a recommendation.",
    source: "DDK:\"NdisMWanSendComplete\"; MSDN ff553668; ddi:nf-ndis-ndismindicatestatus.md, nf-ndis-ndismresetcomplete.md",
    facts: &["R13"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Take the packet off the queue while holding the lock, release the lock, and only then call \
             `wan_send_complete`; collect several finished packets in a local list first.",
    broken_by: "An interrupt handler walks the queue of finished packets and completes each inside `with self.lock:`.",
};

pub(super) const LOCK_RECURSION: RuleInfo = RuleInfo {
    id: "LOCK_RECURSION",
    family: Family::Lock,
    sentence: "Code that holds a spin lock does not take the same lock again.",
    why: "Spin locks do not count. The second acquire waits until the holder releases, and the holder is the one who waits: \
          the processor spins at DISPATCH for ever and the machine hangs.",
    page: "Taking a spin lock that the same processor already holds is a certain deadlock; each acquire needs one release \
           before the next acquire.",
    source: "DDK:\"Preventing Errors and Deadlocks While Using Spin Locks\", \"NdisReleaseSpinLock\"; MSDN ff554674",
    facts: &["R25"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Split the function: one that takes the lock, and an inner one which expects it to be held and is called by those \
             who have it; release before any call (`wan_send_complete`, `line_up`) that can come back into the driver.",
    broken_by: "`wan_send` takes the queue's lock and calls a helper that takes it as well.",
};

pub(super) const LOCK_UNHELD: RuleInfo = RuleInfo {
    id: "LOCK_UNHELD",
    family: Family::Lock,
    sentence: "A spin lock is released only by the one who holds it.",
    why: "Releasing opens the lock while another processor is inside the critical section. It also sets the level to whatever \
          an earlier holder stored in the lock, so the thread goes on at a level that nobody chose.",
    page: "NdisReleaseSpinLock gives back a lock that a preceding acquire took, once for each acquire. Driver Verifier \
           reports a release by one who is not the owner, and a compliance rule a release without an acquire.",
    source: "DDK:\"NdisReleaseSpinLock\", \"Deadlock Detection\"; MSDN ff554674; wdd:devtest SpinLockRelease",
    facts: &["R25"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Give every `acquire` exactly one `release` on each path, in the same context; use `with lock:`, which cannot \
             release twice.",
    broken_by: "An error path releases the lock and then falls into the common exit, which releases it again.",
};

pub(super) const LOCK_ORDER: RuleInfo = RuleInfo {
    id: "LOCK_ORDER",
    family: Family::Lock,
    sentence: "All code takes several locks in one and the same order and releases them in the reverse order.",
    why: "If one processor takes A then B and another B then A, each can end up waiting for the other, once in a million \
          times. Releasing in the order of taking lowers the level to PASSIVE while the second lock is still held, and \
          leaves it at DISPATCH at the end.",
    page: "A driver that holds several locks fixes one global order for taking them and releases them in the reverse order. The \
           page shows the two-lock sequence that ends at the wrong level. Deadlock Detection reports both faults.",
    source: "wdd:network/synchronization-and-notification-in-network-drivers.md; DDK:\"Deadlock Detection\"",
    facts: &["R25"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Write down one order of the driver's locks and take them in it everywhere; nest `with` blocks, so that the last \
             lock taken is the first released. If an order cannot be kept, release the first lock before taking the second.",
    broken_by: "The send path takes the adapter's lock and then the queue's, while the timer takes the queue's and then the \
                adapter's.",
};

pub(super) const LOCK_FORM: RuleInfo = RuleInfo {
    id: "LOCK_FORM",
    family: Family::Lock,
    sentence: "Locks are taken at DISPATCH or below, the Dpr form only at DISPATCH, and each is released in the form in \
               which it was taken.",
    why: "The Dpr form neither raises the level nor stores it. Below DISPATCH the holder can be scheduled away while others \
          spin; a plain release after a Dpr acquire sets the level to an old value; above DISPATCH an interrupt can spin on \
          a lock which the code it interrupted holds.",
    page: "NdisAcquireSpinLock is for callers at IRQL <= DISPATCH_LEVEL, and the Dpr pair for callers at DISPATCH_LEVEL. A lock \
           taken with one form is released with the same form; another function may use the other form on the same lock.",
    source: "DDK:\"NdisAcquireSpinLock\", \"NdisDprAcquireSpinLock\", \"NdisDprReleaseSpinLock\"",
    facts: &["R25"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Use the plain form (`with lock:`) wherever the level is not known; use `with lock.dpr:` only in timers, DPCs and \
             `handle_interrupt`. Share data with `isr` by other means than a spin lock.",
    broken_by: "A deserialized `wan_send`, which can run at PASSIVE, calls `dpr_acquire` because the DPC does.",
};

pub(super) const LOCK_LEAK: RuleInfo = RuleInfo {
    id: "LOCK_LEAK",
    family: Family::Lock,
    sentence: "An entry point returns with no spin lock held.",
    why: "Nobody will release the lock any more. The next one who takes it spins for ever at DISPATCH, and the thread that \
          returned goes on at DISPATCH where its caller expects another level.",
    page: "A compliance rule for NDIS drivers asks that a spin lock be released before the handler that took it returns, and \
           that acquires and releases balance.",
    source: "wdd:devtest/ndis-spinlock.md; wdd:devtest SpinLockBalanced",
    facts: &["R25"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Release on every path out of the handler, early returns and exceptions included; `with lock:` does that by itself, \
             a bare `acquire` needs a `release` in a `finally`.",
    broken_by: "`wan_send` takes its lock, finds the frame too long, and returns INVALID_LENGTH without releasing.",
};
