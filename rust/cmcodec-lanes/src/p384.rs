//! P-384: eight limbs, R = 2^416, which leaves 32 bits: coordinates need no folding.

use alloc::vec::Vec;
use std::sync::OnceLock;

use crate::lane::Lane;
use crate::limbs::signed_carry;
use crate::montgomery::Modulus;
use crate::weierstrass::{Curve, Margins, Multiple, multiples_of_g};

/// The curve; p = 2^384 - 2^128 - 2^96 + 2^32 - 1.
#[derive(Debug)]
pub struct P384;

/// The order of its G.
#[derive(Debug)]
pub struct Order;

impl Modulus<8> for P384 {
    const N: [u64; 8] = [
        0xFFFF_FFFF,
        0xF_F000_0000_0000,
        0xF_FFFF_FEFF_FFFF,
        0xF_FFFF_FFFF_FFFF,
        0xF_FFFF_FFFF_FFFF,
        0xF_FFFF_FFFF_FFFF,
        0xF_FFFF_FFFF_FFFF,
        0xF_FFFF,
    ];
}

impl Modulus<8> for Order {
    const N: [u64; 8] = [
        0xC_196A_CCC5_2973,
        0xB_248B_0A77_AECE,
        0x4_372D_DF58_1A0D,
        0xF_FFFC_7634_D81F,
        0xF_FFFF_FFFF_FFFF,
        0xF_FFFF_FFFF_FFFF,
        0xF_FFFF_FFFF_FFFF,
        0xF_FFFF,
    ];
}

impl Curve<8> for P384 {
    type Order = Order;
    const B: [u64; 8] = [
        0x5_C8ED_D3EC_2AEF,
        0x8_D8A2_ED19_D2A8,
        0x1387_5AC6_5639,
        0x4_1120_3140_88F5,
        0x9_181D_9C6E_FE81,
        0x8_E056_BE3F_82D1,
        0xF_A7E2_3EE7_E498,
        0xB_3312,
    ];
    const G: [[u64; 8]; 2] = [
        [
            0x4_5E38_7276_0AB7,
            0x5_DBF5_5296_C3A5,
            0x2_542A_3855_02F2,
            0x9_B985_9F74_1E08,
            0x4_6E1D_3B62_8BA7,
            0xB_1C71_EF32_0AD7,
            0xA_22BE_8B05_378E,
            0xA_A87C,
        ],
        [
            0x3_1D7C_90EA_0E5F,
            0xC_E1D7_E819_D7A4,
            0x5_F0B8_C00A_60B1,
            0x1_47CE_9DA3_113B,
            0x9_F8F4_1DBD_289A,
            0x9_E98B_F929_2DC2,
            0xE_4A96_262C_6F5D,
            0x3_617D,
        ],
    ];
    const DIGITS: usize = 78;
    const MARGINS: Margins = Margins {
        double_slope: 4,
        double_x: 9,
        double_w: 11,
        double_y: 9,
        add_h: 11,
        add_x: 4,
        add_w: 6,
        add_y: 2,
        negative: 11,
        equation: 3,
        compared: 2,
    };

    fn multiples_of_g() -> &'static [Multiple<8>] {
        static TABLE: OnceLock<Vec<Multiple<8>>> = OnceLock::new();
        TABLE.get_or_init(multiples_of_g::<P384, 8>)
    }

    /// As it is: a factor may be a thousand times p.
    #[inline(always)]
    fn fold<L: Lane>(t: &[L; 8]) -> [L; 8] {
        signed_carry(t)
    }
}
