//! Builds the shims of the rivals that are C or C++, each where its headers are; `src/rivals/native.rs` says which are not.

use std::path::Path;

/// Debian's places. Who has the headers elsewhere names the directory in `NDISWAN_COMPARE_INCLUDE`.
const PLACES: [&str; 2] = ["/usr/include", "/usr/local/include"];

fn include(header: &str) -> Option<String> {
    println!("cargo:rerun-if-env-changed=NDISWAN_COMPARE_INCLUDE");
    let named = std::env::var("NDISWAN_COMPARE_INCLUDE").ok();
    let places = named.iter().map(String::as_str).chain(PLACES);
    let found = places.map(String::from).find(|place| Path::new(place).join(header).exists());
    // A package that is installed later is found later.
    println!("cargo:rerun-if-changed={}", found.as_deref().unwrap_or("/usr/include"));
    found
}

fn shim(name: &str, files: &[&str], includes: &[String], prepare: impl Fn(&mut cc::Build)) {
    let mut build = cc::Build::new();
    build.files(files).includes(includes).opt_level(3).warnings(false);
    prepare(&mut build);
    build.compile(name);
    println!("cargo:rustc-cfg=has_{name}");
}

fn main() {
    println!("cargo:rerun-if-changed=native");
    for name in ["rte", "ck", "moodycamel"] {
        println!("cargo:rustc-check-cfg=cfg(has_{name})");
    }
    // `benchmarks/run.py` says with these flags that the linker may inline across the languages.
    let inlined = std::env::var("CFLAGS").is_ok_and(|flags| flags.contains("-flto"));
    println!("cargo:rerun-if-env-changed=CFLAGS");
    println!("cargo:rustc-env=NDISWAN_SHIMS={}", if inlined { "inlined" } else { "called" });
    if let Some(place) = include("ck_ring.h") {
        shim("ck", &["native/ck.c"], &[place], |_| ());
    }
    if let Some(place) = include("concurrentqueue/concurrentqueue.h") {
        shim("moodycamel", &["native/moodycamel.cpp"], &[place], |build| {
            build.cpp(true).std("c++17");
        });
    }
    if let Some(place) = include("dpdk/rte_ring.h") {
        // `rte_config.h` is where Debian keeps what differs between architectures; the ring needs SSE 4.2 to be built at all.
        let target = format!("{place}/{}-linux-gnu/dpdk", std::env::consts::ARCH);
        let includes = [format!("{place}/dpdk"), target];
        shim("rte", &["native/rte_mp.c", "native/rte_hts.c"], &includes, |build| {
            build.flag("-include").flag("rte_config.h").flag_if_supported("-march=corei7");
        });
        println!("cargo:rustc-link-lib=dylib=rte_ring");
    }
}
