//! CoDel: a queue that drops while the time which packets spend in it stays above a target (RFC 8289, section 5).

use std::collections::VecDeque;

use super::queue::Waiting;

/// What CoDel remembers between packets.
#[derive(Debug, Default)]
pub(super) struct CoDel {
    /// When dropping begins if the sojourn stays above the target; 0: it is below.
    first_above: u64,
    dropping: bool,
    drop_next: u64,
    count: u64,
    last_count: u64,
}

/// Packets that together have at most so many bytes are no standing queue.
const MTU: u64 = 1500;

impl CoDel {
    /// The packet that goes next; the ones dropped before it are given to `dropped`.
    pub(super) fn pop(
        &mut self,
        now: u64,
        target: u64,
        interval: u64,
        queue: &mut VecDeque<Waiting>,
        dropped: &mut Vec<Waiting>,
    ) -> Option<Waiting> {
        let (mut next, mut above) = self.look(now, target, interval, queue);
        if self.dropping {
            if !above {
                self.dropping = false;
            }
            while self.dropping && now >= self.drop_next {
                dropped.extend(next);
                self.count += 1;
                (next, above) = self.look(now, target, interval, queue);
                if above {
                    self.drop_next = self.drop_next.saturating_add(self.law(interval));
                } else {
                    self.dropping = false;
                }
            }
        } else if above {
            dropped.extend(next);
            (next, _) = self.look(now, target, interval, queue);
            self.dropping = true;
            let since = self.count - self.last_count;
            let recent = now.saturating_sub(self.drop_next) < 16 * interval;
            self.count = if since > 1 && recent { since } else { 1 };
            self.drop_next = now.saturating_add(self.law(interval));
            self.last_count = self.count;
        }
        next
    }

    /// Takes the oldest, and says whether packets have stayed too long for a whole interval.
    fn look(
        &mut self,
        now: u64,
        target: u64,
        interval: u64,
        queue: &mut VecDeque<Waiting>,
    ) -> (Option<Waiting>, bool) {
        let Some(head) = queue.pop_front() else {
            self.first_above = 0;
            return (None, false);
        };
        if now - head.since < target || !holds_more_than(MTU, queue) {
            self.first_above = 0;
            return (Some(head), false);
        }
        if self.first_above == 0 {
            self.first_above = now.saturating_add(interval);
            return (Some(head), false);
        }
        (Some(head), now >= self.first_above)
    }

    /// The control law: drops come closer with the square root of their number.
    fn law(&self, interval: u64) -> u64 {
        (interval as f64 / libm::sqrt(self.count as f64)) as u64
    }
}

/// Whether the packets of a queue have more bytes than so many; packets are no smaller than a byte, so it looks at few.
fn holds_more_than(bytes: u64, queue: &VecDeque<Waiting>) -> bool {
    let mut left = 0;
    queue.iter().any(|waiting| {
        left += u64::from(waiting.bytes);
        left > bytes
    })
}
