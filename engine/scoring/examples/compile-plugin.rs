//! The compiling child of the tests and benches, as `staunch compile-plugin` is that of the product; or, named by its first
//! argument, one that misbehaves.

use staunch_models::compile::is_ours;
use std::io::{Read, Write, stdin, stdout};

fn main() -> std::io::Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let way = arguments.remove(0);
    let mut out = stdout().lock();
    match way.as_str() {
        "serve" => staunch_scoring::serve(&arguments, is_ours, stdin().lock(), out),
        "hang" => {
            out.write_all(b"stnchpc1")?;
            out.flush()?;
            loop {
                std::thread::sleep(std::time::Duration::from_secs(1));
            }
        }
        // It answers, closes its output and stays.
        "linger" => {
            stdin().lock().read_to_end(&mut Vec::new())?;
            out.write_all(b"no frame")?;
            drop(out);
            rustix::stdio::dup2_stdout(std::fs::File::open("/dev/null")?)?;
            std::thread::sleep(std::time::Duration::from_secs(3_600));
            Ok(())
        }
        "flood" => loop {
            out.write_all(&[0; 65_536])?;
        },
        "nothing" => Ok(()),
        "environment" => {
            let named = std::env::vars_os().count();
            eprintln!("{named} variables");
            std::process::exit(3)
        }
        _ => std::process::abort(),
    }
}
