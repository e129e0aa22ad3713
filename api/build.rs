//! Has the crate compiled anew when the dashboard was built anew: what is embedded is not seen by cargo otherwise.

fn main() {
    println!("cargo:rerun-if-changed=../dashboard/dist");
}
