//! A driver in C under the workload of the engine: an execution of it calls nothing but Rust and the driver.

use std::path::PathBuf;
use std::sync::Arc;

use ndiswan::explore::workload::{Came, Subject, workload};
use ndiswan::{Ndis, Status};

use crate::card::{Card, Settings, Value};
use crate::image::{Image, LoadError};
use crate::miniport::Attached;
use crate::snapshot::Key;

/// Which driver, and how each execution brings it up: without a device, and with nobody who hears what it says.
#[derive(Clone, Debug)]
pub struct Scenario {
    path: PathBuf,
    key: Key,
    second: Option<Key>,
    name: String,
    /// The registry of the adapter, by keyword.
    pub config: Vec<(String, Value)>,
    /// Whether packets and blocks of memory get pages of their own.
    pub guard: bool,
    /// NdisReadNetworkAddress's answer.
    pub address: Option<[u8; 6]>,
}

/// What one execution came to, beside what the world knows of it.
#[derive(Debug)]
pub struct Ran {
    /// How far the workload came, or that the file could not be loaded.
    pub came: Result<Came, LoadError>,
    card: Option<Arc<Card>>,
}

impl Ran {
    /// How the driver crashed. What it does in MiniportHalt is known once its world is closed.
    pub fn crashed(&self) -> Option<&str> {
        self.card.as_ref()?.crashed()
    }
}

const OID_TAPI_PROVIDER_INITIALIZE: u32 = 0x0703_0118;
/// NDIS_TAPI_PROVIDER_INITIALIZE as `python/ndiswan/drivers/tapi.py` begins with it: ulRequestID 1, the rest 0.
const PROVIDER_INITIALIZE: [u32; 4] = [1, 0, 0, 0];

impl Subject for Card {
    fn interrupts(&self) -> bool {
        true // what a driver in C has of them it says when it is asked
    }

    fn telephones(&self) -> bool {
        let given: Vec<u8> =
            PROVIDER_INITIALIZE.iter().flat_map(|word| word.to_le_bytes()).collect();
        let asked = self.request(false, OID_TAPI_PROVIDER_INITIALIZE, &given, given.len());
        // What answers later may be a telephone.
        let says = |status| status == Status::SUCCESS || status == Status::PENDING;
        asked.map_or(true, |outcome| says(outcome.status))
    }

    fn is_over(&self) -> bool {
        self.crashed().is_some()
    }
}

impl Scenario {
    /// For the file of `ndiswan build` at `path`, as it is now, called `name` in reports.
    pub fn new(path: PathBuf, name: String) -> Scenario {
        let key = crate::snapshot::key(&path);
        let second = crate::image::has_second_form(&path).then(|| key.of_second_form());
        Scenario { path, key, second, name, config: Vec::new(), guard: true, address: None }
    }

    /// Before a stretch of executions: faults of the driver are looked after, also if somebody else has asked for them lately.
    /// While it goes on that is seen to ten times a second.
    pub fn begin(&self) {
        crate::fault::install();
    }

    /// With pages for memory it is the driver's second form, if there is one: it closes them without the kernel. All of the world is
    /// on this thread, so nobody closes a page between a look at it and the access.
    fn image(&self) -> Result<Image, LoadError> {
        let second = self.second.as_ref().filter(|_| self.guard);
        Image::known(&self.path, second.unwrap_or(&self.key))
    }

    /// Runs it once in this world, which the caller closes.
    pub fn run(&self, ndis: &Arc<Ndis>) -> Ran {
        let world = Arc::downgrade(ndis);
        let settings = Settings {
            config: self.config.clone(),
            guard: self.guard,
            address: self.address,
            on_status: Box::new(|_, _| ()),
            on_text: Box::new(|_| ()),
            on_crash: Box::new(move |_| {
                if let Some(ndis) = world.upgrade() {
                    ndis.interrupt_run();
                }
            }),
            on_port: None,
            memory: Vec::new(),
            on_due: Box::new(|_, _| ()),
            on_ready: Box::new(|_| ()),
        };
        let card = match self.image() {
            Ok(image) => {
                crate::fault::install_lately();
                Card::on(image, settings)
            }
            Err(error) => return Ran { came: Err(error), card: None },
        };
        let came = workload(ndis, Attached(Arc::clone(&card)), &self.name, &*card);
        Ran { came: Ok(came), card: Some(card) }
    }
}
