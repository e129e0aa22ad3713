//! Runs the Rust verification sample of the integration page against its vectors. The samples in other
//! languages, and the official libraries beside them, run from `scripts/samples.sh`.

use std::path::Path;

use serde::Deserialize;

#[expect(
    unreachable_pub,
    reason = "a receiver that copies the file calls its functions from elsewhere"
)]
#[path = "../../docs/verify/verify.rs"]
mod verify;

#[derive(Deserialize)]
struct Vectors {
    standard: Vec<StandardVector>,
    pt: Vec<PtVector>,
}

#[derive(Deserialize)]
struct StandardVector {
    name: String,
    secret: String,
    id: String,
    timestamp: String,
    signature: String,
    body: String,
    now_s: u64,
    valid: bool,
}

#[derive(Deserialize)]
struct PtVector {
    name: String,
    secret: String,
    signature: String,
    body: String,
    now_s: u64,
    valid: bool,
}

fn vectors() -> Vectors {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verify/vectors.json");
    let text = std::fs::read(path).expect("the vectors are part of the checkout");
    serde_json::from_slice(&text).expect("the vectors have the fields of these types")
}

#[test]
fn the_sample_accepts_what_the_standard_vectors_accept_and_nothing_else() {
    let vectors = vectors().standard;
    assert!(vectors.iter().any(|v| v.valid) && vectors.iter().any(|v| !v.valid));
    for v in vectors {
        let body = v.body.as_bytes();
        let accepted =
            verify::verify_standard(&v.secret, &v.id, &v.timestamp, &v.signature, body, v.now_s);
        assert_eq!(accepted, v.valid, "{}", v.name);
    }
}

#[test]
fn the_sample_accepts_what_the_pt_vectors_accept_and_nothing_else() {
    let vectors = vectors().pt;
    assert!(vectors.iter().any(|v| v.valid) && vectors.iter().any(|v| !v.valid));
    for v in vectors {
        let accepted = verify::verify_pt(&v.secret, &v.signature, v.body.as_bytes(), v.now_s);
        assert_eq!(accepted, v.valid, "{}", v.name);
    }
}
