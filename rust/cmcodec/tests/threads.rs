//! A message read by several threads is accepted and refused as by one (V14).

use cmcodec::error::Error;
use cmcodec::load::load;
use cmcodec::schema::walk::{Member, Options};

const BATCH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/batch-1000.der");

type Outcome = Result<Vec<Member>, (Error, String)>;

fn outcome(data: &[u8], options: Options) -> Outcome {
    match load(data, options) {
        Ok(loaded) => Ok(loaded.members),
        Err(error) => {
            let path = error.path();
            Err((error, path))
        }
    }
}

#[test]
fn threads_change_no_refusal() {
    let batch = std::fs::read(BATCH).unwrap();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    let (mut refused, mut confined) = (0, 0);
    for round in 0..120 {
        let mut data = batch.clone();
        for _ in 0..=round % 3 {
            let at = next(data.len());
            data[at] ^= 1 << next(8);
        }
        for confine in [false, true] {
            let options = Options { confine, strict: true, ..Options::default() };
            let alone = outcome(&data, options);
            let shared = outcome(&data, Options { threads: 4, ..options });
            assert_eq!(alone, shared, "round {round}");
            refused += usize::from(alone.is_err());
            let errors =
                |members: Vec<Member>| members.iter().filter(|it| it.error.is_some()).count();
            confined += alone.map_or(0, errors);
        }
    }
    assert!(refused > 20 && confined > 20, "{refused} refused, {confined} confined");
}
