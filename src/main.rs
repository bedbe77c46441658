//! The program; everything is in the library.

use std::process::ExitCode;

/// jemalloc: it gives memory back that the building of the search index needed, and keeps threads apart.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    hourglass::app::cli::run()
}
