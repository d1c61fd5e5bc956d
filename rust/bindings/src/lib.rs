//! The Python extension module `ndiswan._native`: convert, call, convert.
//! [`callbacks`] is the only way up into Python, [`error`] the only place where a broken rule
//! becomes an exception. `unsafe` is in few files, each of which says below why.
#![deny(unsafe_code)]
#![allow(missing_docs)] // what Python sees is documented in Python, and in the stub

mod adapter;
mod adversarial;
mod batch;
mod bind;
mod c_driver;
mod callbacks;
mod capture;
#[allow(unsafe_code)] // the buffer protocol again, from the other side
mod column;
mod complete;
mod complete_many;
mod config;
mod coverage;
#[allow(unsafe_code)] // methods that C calls, with what it gives them
mod direct;
mod driver;
mod error;
mod event;
#[allow(unsafe_code)] // the interpreter's lock is one that the compiler does not know
mod gil_cell;
mod hdlc;
#[allow(unsafe_code)] // the interpreter's number has no safe way
mod interpreter;
mod irql;
mod life;
mod link;
mod memory;
#[allow(unsafe_code)] // NumPy's arrays have their fields where C knows them to be
mod ndarray;
mod ndis;
mod notebook;
mod number;
mod packet;
#[allow(unsafe_code)] // the buffer protocol hands out raw pointers
mod packet_data;
mod program;
mod request;
mod ring;
mod rule;
mod send_many;
mod shared;
mod simulation;
mod spin_lock;
mod status;
mod story;
mod time;
mod timer;
mod trace;
mod twins;
#[allow(unsafe_code)] // arguments are passed as C passes them
mod vectorcall;
mod workload;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::adapter::Adapter;
    #[pymodule_export]
    use crate::adversarial::{Explorer, choices_in, explorers, shrink_choices, token_of};
    #[pymodule_export]
    use crate::batch::Batch;
    #[pymodule_export]
    use crate::c_driver::{
        CDriver, bind_c, engine_locks, has_address_sanitizer, library_functions, supervise,
    };
    #[pymodule_export]
    use crate::capture::{CaptureWriter, read_frames, read_sizes};
    #[pymodule_export]
    use crate::coverage::{Edges, edge_names};
    #[pymodule_export]
    use crate::driver::{CardDriver, Feed, bind_built_in};
    #[pymodule_export]
    use crate::hdlc::{HdlcDecoder, fcs16, hdlc_encode};
    #[pymodule_export]
    use crate::ndis::Ndis;
    #[pymodule_export]
    use crate::program::run_program;
    #[pymodule_export]
    use crate::rule::{rule_info, rule_table};
    #[pymodule_export]
    use crate::send_many::{net_buffer_list, send_chain};
    #[pymodule_export]
    use crate::simulation::{Simulation, check_part};
    #[pymodule_export]
    use crate::spin_lock::{DprForm, SpinLock};
    #[pymodule_export]
    use crate::timer::{Device, Dpc, Timer};
    #[pymodule_export]
    use crate::twins::{cancel, change_life, co_complete, complete_all, complete_by, oob_status};
    #[pymodule_export]
    use crate::workload::{CWorkload, CWorlds, Stretch};
    #[pymodule_export]
    use crate::{event::Event, link::measured};
    #[pymodule_export]
    use crate::{irql::AtLevel, link::Link, ring::CompletionRing};
    #[pymodule_export]
    use crate::{packet::Packet, packet_data::PacketData};
    #[pymodule_export]
    use crate::{story::Story, trace::Trace};
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::interpreter::claim(module.py())?;
        crate::direct::install(module.py())?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("OPERATIONS", ndiswan::program::NAMES)?;
        module.add("RNG", ndiswan::choices::RNG)?;
        module.add("STATUS_TABLE", crate::status::table())?;
        module.add("OID_TABLE", crate::request::table())
    }
}
