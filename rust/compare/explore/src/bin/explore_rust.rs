use std::time::Duration;
use ndiswan_compare::rounds::cpu_time;
use ndiswan_compare_explore::drivers::race::{PLAY, Race};
use ndiswan_compare_explore::{ours, shuttled};
use shuttle::scheduler::{PctScheduler, RandomScheduler};

fn main() {
    shuttled::explore::<Race<_>>(RandomScheduler::new_from_seed(1, 1), Duration::from_secs(60), PLAY, 1);
    for _ in 0..3 {
        let b = cpu_time();
        let e = ours::explore::<Race<_>>("random", 1, (20_000, Duration::from_secs(60)), PLAY);
        println!("ours {:?} {}", e, e.executions as f64 / (cpu_time() - b) as f64 * 1e9);
        let b = cpu_time();
        let e = shuttled::explore::<Race<_>>(RandomScheduler::new_from_seed(1, 20_000), Duration::from_secs(60), PLAY, 1);
        println!("shuttle random {:?} {}", e, e.executions as f64 / (cpu_time() - b) as f64 * 1e9);
        let b = cpu_time();
        let e = shuttled::explore::<Race<_>>(PctScheduler::new_from_seed(1, 3, 20_000), Duration::from_secs(60), PLAY, 1);
        println!("shuttle pct {:?} {}", e, e.executions as f64 / (cpu_time() - b) as f64 * 1e9);
    }
}
