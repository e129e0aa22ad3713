use std::time::Instant;
fn main() {
    let mut x = 12345u64;
    let mut rnd = move || { x ^= x << 13; x ^= x >> 7; x ^= x << 17; x };
    let ab: String = (0..30_000).map(|_| if rnd() & 1 == 0 { 'a' } else { 'b' }).collect();
    let mut y = 999u64;
    let mut rnd = move || { y ^= y << 13; y ^= y >> 7; y ^= y << 17; y };
    let uni: String = (0..15_000).map(|_| char::from_u32(0x61 + (rnd() % 1000) as u32).unwrap_or('a')).collect();
    for p in ["[ab]*a[ab]{12}z", "[ab]*a[ab]{60}z", "[ab]*a[ab]{200}z", "(?:[ab]*a[ab]{100}z)|(?:[ab]*b[ab]{99}y)", "[ab]*a[ab]{1000}z", "[ab]*a[ab]{2000}z",
        ".*a.{20}z", ".*a.{100}z", ".*a.{200}z", r".*a\w{4}z", r"\w*a\w{6}z", r"(\w*a\w{3}z|\w*b\w{2}y)", "(a|b|ab|ba|aab|bba){1,60}zz", "([ab]{1,20}){1,30}z", "(?:a?){200}z","(?:a?b?){500}z", "(?:(?:a?b?){30}){30}z", r"(\w+\s?)*$z", r"\b\w+@\w+\.com\b", r"(?:\b[ab]*){50}z", r"(\b|a|b)*a[ab]{300}z"] {
        let mut size = 0; let mut re = None;
        for kb in [4usize, 8, 16, 32, 64, 128, 256] { if let Ok(r) = regex::RegexBuilder::new(p).size_limit(kb*1024).dfa_size_limit(kb*4096).build() { size = kb; re = Some(r); break } }
        let Some(re) = re else { println!("too big {p}"); continue };
        for (n, t) in [("ab", &ab), ("uni", &uni)] {
            let mut best = u128::MAX;
            for _ in 0..2 { let s = Instant::now(); std::hint::black_box(re.is_match(t)); best = best.min(s.elapsed().as_nanos()); }
            println!("{size} KiB {:.1} ns/byte {n} {p}", best as f64 / t.len() as f64);
        }
    }
}
