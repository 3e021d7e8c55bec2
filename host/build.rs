//! Has the host built again when the inspector was: its files are embedded, and new ones are not noticed otherwise.

fn main() {
    println!("cargo:rerun-if-changed=../www/dist");
}
