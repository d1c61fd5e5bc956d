//! What an address is of, in words for a report.

use super::{Block, Heap, PAGE, Small};
use crate::sanitizer;

/// How far before a block is looked for what was written there, and what is there until then.
const BEFORE: usize = 64;
const FENCE: u8 = 0xBD;

impl Heap {
    /// What the address is of: words for a report.
    pub(crate) fn describe(&self, address: usize) -> Option<String> {
        let say = |block: &Block, state: &str| {
            let end = block.start + block.length;
            let place = if address < block.start {
                format!("{} bytes before", block.start - address)
            } else if address >= end {
                format!("{} bytes behind the end of", address - end)
            } else {
                format!("byte {} of", address - block.start)
            };
            format!("{place} a {state}block of {} bytes that {} gave", block.length, block.by)
        };
        let within = |block: &&Block| {
            (block.pages.start..block.pages.start + block.pages.length).contains(&address)
        };
        if let Some(block) = self.live.lock().values().find(within) {
            return Some(say(block, ""));
        }
        let freed = self.freed.lock().iter().rev().find(within).map(|block| say(block, "freed "));
        freed.or_else(|| self.small.lock().describe(address))
    }
}

impl Block {
    /// The bytes beside it that are the driver's no more than those of the next page, which faults: before, and behind. None with
    /// AddressSanitizer, which watches them itself.
    fn beside(&self) -> [std::ops::Range<usize>; 2] {
        let end = self.start + self.length;
        if sanitizer::is_there() {
            return [self.start..self.start, end..end];
        }
        let before = self.start.saturating_sub(BEFORE).max(self.pages.start + PAGE);
        [before..self.start, end..end.next_multiple_of(8)]
    }

    /// Puts something there that is known again.
    pub(super) fn fence(&self) {
        for range in self.beside() {
            // SAFETY: of the block's own pages, which nobody has yet.
            unsafe { std::ptr::write_bytes(range.start as *mut u8, FENCE, range.len()) };
        }
    }

    /// What was written beside it, in words.
    fn spoiled(&self) -> Option<String> {
        // SAFETY: of the block's own pages, which can be read as long as it is in use.
        let changed = |at: &usize| unsafe { (*at as *const u8).read_volatile() != FENCE };
        let [before, mut behind] = self.beside();
        let place = if let Some(at) = behind.find(changed) {
            format!("{} bytes behind the end of", at - self.start - self.length)
        } else {
            format!("{} bytes before", self.start - before.rev().find(changed)?)
        };
        Some(format!(
            "the driver wrote to {place} a block of {} bytes that {} gave; it is seen now that the block is given back",
            self.length, self.by
        ))
    }
}

impl Heap {
    /// What was written beside the block that begins here, where nothing faults.
    pub(crate) fn spoiled(&self, start: usize) -> Option<String> {
        self.live.lock().get(&start)?.spoiled()
    }
}

impl Small {
    fn describe(&self, address: usize) -> Option<String> {
        let mut chunks = self.chunks.iter();
        chunks.find(|chunk| (chunk.start..chunk.start + chunk.length).contains(&address))?;
        let before = self.live.range(..=address).next_back();
        Some(match before.map(|(start, (length, by, _))| (address - start, *length, by)) {
            Some((at, length, by)) if at < length => {
                format!("byte {at} of a block of {length} bytes that {by} gave")
            }
            Some((at, length, by)) if at < length + 16 => {
                let beyond = at - length;
                format!("{beyond} bytes behind the end of a block of {length} bytes that {by} gave")
            }
            _ => "of a freed block".to_string(),
        })
    }
}
