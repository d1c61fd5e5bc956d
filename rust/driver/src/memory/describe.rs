//! What an address is of, in words for a report.

use super::{Block, Heap, Small};

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
