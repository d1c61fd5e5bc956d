//! The ring in which completions go home, and who takes them out of it.

use parking_lot::Mutex;

use crate::late::Late;
use crate::ring::{Config, Consumer, Ring};

#[derive(Debug)]
struct Ends {
    ring: Ring,
    consumer: Mutex<Consumer>,
}

impl Ends {
    fn new(size: Config) -> Ends {
        let (ring, consumer) = crate::ring::ring(size);
        Ends { ring, consumer: Mutex::new(consumer) }
    }
}

/// Completions of one adapter on their way.
#[derive(Debug)]
pub(crate) struct Homeward {
    size: Config,
    ends: Late<Ends>,
}

impl Homeward {
    /// For so many packets.
    pub(crate) fn new(packets: usize) -> Homeward {
        let size = Config::new(packets);
        Homeward { size, ends: Late::known(Ends::new(size)) }
    }

    /// The same for an adapter of adversarial time: most of its completions go home on the stack, and worlds are many, so it is made
    /// when one goes into it. All of its CPUs are one thread; a stranger has the shared lane.
    pub(crate) fn of_one_thread(packets: usize) -> Homeward {
        Homeward { size: Config { lanes: 1, ..Config::new(packets) }, ends: Late::unknown() }
    }

    /// Where they go in.
    pub(crate) fn ring(&self) -> &Ring {
        self.ends.say(|| Ends::new(self.size));
        &self.ends.ring
    }

    /// Where they come out; none if none ever went in.
    pub(crate) fn consumer(&self) -> Option<&Mutex<Consumer>> {
        self.ends.said().map(|ends| &ends.consumer)
    }
}
