//! P-256: five limbs, R = 2^260.

use alloc::vec::Vec;
use std::sync::OnceLock;

use crate::lane::Lane;
use crate::limbs::{carry, set, signed_carry};
use crate::montgomery::Modulus;
use crate::weierstrass::{Curve, Margins, Multiple, multiples_of_g};

/// The curve; p = 2^256 - 2^224 + 2^192 + 2^96 - 1.
#[derive(Debug)]
pub struct P256;

/// The order of its G.
#[derive(Debug)]
pub struct Order;

impl Modulus<5> for P256 {
    const N: [u64; 5] =
        [0xF_FFFF_FFFF_FFFF, 0x0_0FFF_FFFF_FFFF, 0, 0x0_0010_0000_0000, 0xFFFF_FFFF_0000];

    /// -1/p is 1 (mod 2^52), and the limbs of p + 1 are 2^44, 0, 2^36, 2^48 - 2^16 behind an empty
    /// one: digits need no product, and have fewer with p.
    #[inline(always)]
    fn reduce<L: Lane>(whole: &[[L; 5]; 2]) -> [L; 5] {
        let mut sum = *whole;
        let t = sum.as_flattened_mut();
        let [k1, k3, k4] = [1 << 44, 1 << 36, (1 << 48) - (1 << 16)].map(L::set);
        for i in 0..5 {
            let q = t[i];
            t[i + 1] = t[i + 1].plus_low(q, k1);
            t[i + 2] = t[i + 2].plus_high(q, k1);
            t[i + 3] = t[i + 3].plus_low(q, k3);
            t[i + 4] = t[i + 4].plus_high(q, k3);
            t[i + 4] = t[i + 4].plus_low(q, k4);
            t[i + 5] = t[i + 5].plus_high(q, k4);
            t[i + 1] = t[i + 1] + q.shr(52);
        }
        L::is_reduced(whole.as_flattened(), &sum[0], &set(&Self::N), &sum[1]);
        carry(&sum[1])
    }
}

impl Modulus<5> for Order {
    const N: [u64; 5] = [
        0x9_CAC2_FC63_2551,
        0xA_DA71_79E8_4F3B,
        0xF_FFFF_FFBC_E6FA,
        0xF_FFFF_FFFF,
        0xFFFF_FFFF_0000,
    ];
}

impl Curve<5> for P256 {
    type Order = Order;
    const B: [u64; 5] = [
        0xE_3C3E_27D2_604B,
        0xB_0CC5_3B0F_63BC,
        0x6_9886_BC65_1D06,
        0x9_3E7B_3EBB_D557,
        0x5AC6_35D8_AA3A,
    ];
    const G: [[u64; 5]; 2] = [
        [
            0x1_3945_D898_C296,
            0x8_12DE_B33A_0F4A,
            0x3_A440_F277_037D,
            0x4_247F_8BCE_6E56,
            0x6B17_D1F2_E12C,
        ],
        [
            0x6_4068_37BF_51F5,
            0x5_76B3_15EC_ECBB,
            0xC_0F9E_162B_CE33,
            0x7_F9B8_EE7E_B4A7,
            0x4FE3_42E2_FE1A,
        ],
    ];
    const DIGITS: usize = 52;
    const MARGINS: Margins = Margins {
        double_slope: 4,
        double_x: 9,
        double_w: 2,
        double_y: 9,
        add_h: 2,
        add_x: 4,
        add_w: 2,
        add_y: 2,
        negative: 2,
        equation: 3,
        compared: 2,
    };

    fn multiples_of_g() -> &'static [Multiple<5>] {
        static TABLE: OnceLock<Vec<Multiple<5>>> = OnceLock::new();
        TABLE.get_or_init(multiples_of_g::<P256, 5>)
    }

    /// What is above 2^256 = 2^224 - 2^192 - 2^96 + 1 (mod p).
    #[inline(always)]
    fn fold<L: Lane>(t: &[L; 5]) -> [L; 5] {
        let h = t[4].sar(48);
        let folded = [t[0] + h, t[1] - h.shl(44), t[2], t[3] - h.shl(36), t[4].low(48) + h.shl(16)];
        L::is_congruent(t, &folded);
        signed_carry(&folded)
    }
}
