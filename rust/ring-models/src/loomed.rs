//! The ring under loom, which tries every schedule and every value that a load may see.
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
#[path = "../../core/src/ring/permit.rs"]
mod permit;
#[path = "../../core/src/ring/permit_lane.rs"]
mod permit_lane;
#[path = "../../core/src/ring/permit_list.rs"]
mod permit_list;
#[path = "../../core/src/ring/producer.rs"]
mod producer;
#[path = "../../core/src/ring/registry.rs"]
mod registry;
#[path = "../../core/src/ring/slots.rs"]
mod slots;
mod sync;
#[path = "../../core/src/ring/take_all.rs"]
mod take_all;
mod thread;
#[path = "../../core/src/ring/ticket.rs"]
mod ticket;
#[path = "../../core/src/ring/wake.rs"]
mod wake;

mod bias;
mod bodies;
mod lanes;
mod model;
mod overflow;
mod waking;
