//! Tells cargo to build again when a migration is added: they are read into the program.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}
