// Counts with Arc (and with Rc: rc-one, rc-many).
//
//   workloads counts one|many|shared|disjoint|rc-one|rc-many PAIRS REPETITIONS
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

type Leaf = [i64; 4];

const OBJECTS: usize = 1024;

fn count_pairs<P: Clone>(objects: &[P], mask: usize, pairs: usize) {
    for i in 0..pairs {
        drop(black_box(objects[i & mask].clone())); // the pair must not cancel out
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.len() != 5 || arguments[1] != "counts" {
        eprintln!("usage: {} counts one|many|shared|disjoint|rc-one|rc-many PAIRS REPETITIONS", arguments[0]);
        std::process::exit(2);
    }
    let pattern = arguments[2].as_str();
    let pairs: usize = arguments[3].parse().unwrap();
    let repetitions: usize = arguments[4].parse().unwrap();
    let shared: Vec<Arc<Leaf>> = (0..2 * OBJECTS).map(|_| Arc::new([0; 4])).collect();
    let local: Vec<Rc<Leaf>> = (0..OBJECTS).map(|_| Rc::new([0; 4])).collect();
    for repetition in 0..repetitions {
        let start = Instant::now();
        match pattern {
            "one" => count_pairs(&shared, 0, pairs),
            "many" => count_pairs(&shared, OBJECTS - 1, pairs),
            "rc-one" => count_pairs(&local, 0, pairs),
            "rc-many" => count_pairs(&local, OBJECTS - 1, pairs),
            _ => {
                let other = if pattern == "shared" { &shared[..] } else { &shared[OBJECTS..] };
                std::thread::scope(|scope| {
                    scope.spawn(|| count_pairs(other, 0, pairs));
                    count_pairs(&shared, 0, pairs);
                });
            }
        }
        println!("repetition={} ms={:.3} checksum=0", repetition, start.elapsed().as_secs_f64() * 1e3);
    }
}
