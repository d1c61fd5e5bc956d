//! Answers out of bytes: whoever makes bytes (libFuzzer, Atheris, Hypothesis) explores.
//!
//! A question with up to 256 answers takes one byte, a larger one four, the lowest first, modulo how
//! many answers there are. Behind the end everything is plain. So bytes of any kind are an execution,
//! zeros are the plain one, and shorter is smaller.

use super::{Ended, Explorer, Step};

/// Bytes as answers.
#[derive(Clone, Debug)]
pub struct Bytes {
    bytes: Box<[u8]>,
    next: usize,
}

impl Bytes {
    /// Answers as in `bytes`; 0 behind their end.
    pub fn new(bytes: &[u8]) -> Bytes {
        Bytes { bytes: bytes.into(), next: 0 }
    }

    /// How many bytes the execution has taken.
    pub fn taken(&self) -> usize {
        self.next.min(self.bytes.len())
    }

    fn byte(&mut self) -> u32 {
        let byte = self.bytes.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        byte.into()
    }

    fn answer(&mut self, n: u32) -> u32 {
        let wide = n > 256;
        let mut answer = self.byte();
        for shift in [8, 16, 24].into_iter().filter(|_| wide) {
            answer |= self.byte() << shift;
        }
        answer % n
    }
}

impl Explorer for Bytes {
    fn begin(&mut self) {
        self.next = 0;
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        if steps.len() < 2 {
            return 0;
        }
        self.answer(steps.len() as u32) as usize
    }

    fn asks_lone(&self) -> bool {
        false
    }

    fn value(&mut self, n: u32) -> u32 {
        self.answer(n)
    }

    /// Always `false`: one execution is all there is.
    fn end(&mut self, _ended: &Ended<'_>) -> bool {
        false
    }
}
