//! The ring under shuttle: more threads and more calls than loom can look through, by random
//! schedules and by PCT's, each one's history checked.
#![allow(dead_code, unused_imports, unreachable_pub)] // a model uses a part of the ring

#[path = "../../core/src/ring/batch.rs"]
mod batch;
#[path = "../../core/src/ring/consumer.rs"]
mod consumer;
#[path = "../../core/src/ring/entry.rs"]
mod entry;
#[path = "../../core/src/ring/idle.rs"]
mod idle;
#[path = "../../core/src/ring/lane.rs"]
mod lane;
#[path = "../../core/src/ring/make.rs"]
mod make;
#[path = "../../core/src/ring/producer.rs"]
mod producer;
#[path = "../../core/src/ring/registry.rs"]
mod registry;
#[path = "../../core/src/ring/slots.rs"]
mod slots;
mod sync;
mod thread;
#[path = "../../core/src/ring/wake.rs"]
mod wake;

mod models;
