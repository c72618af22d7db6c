//! The functions of each file of `cmcodec-lanes`, their ranges, and what whole numbers say of them.

use std::marker::PhantomData;

use cmcodec_lanes::lane::Lanes;
use cmcodec_lanes::limbs::{
    BITS, LIMB, below, bits, carry, differ, digits, not, or, product, signed_carry, square,
};
use cmcodec_lanes::montgomery::{self, Modulus};
use cmcodec_lanes::{ed25519, rsa, weierstrass};
use num_bigint::BigInt;
use num_integer::Integer;

use super::Octets;
use super::field::Part;
use super::kit::{inverse, is_same, limbs, modulus, power, whole};

/// A number in limbs of 52 bits; the largest of what is given.
fn of<const K: usize>(x: &BigInt) -> [u64; K] {
    limbs::<K>(x).map(|limb| limb.0)
}

/// The number in the next limbs of so many bits.
fn wide(given: &mut &[u64], count: usize, bits: usize) -> BigInt {
    let (first, rest) = given.split_at(count);
    *given = rest;
    first.iter().rev().fold(BigInt::ZERO, |sum, limb| (sum << bits) + limb)
}

/// The next number, in limbs of 52 bits that are no longer.
fn next(given: &mut &[u64], count: usize) -> BigInt {
    assert!(given[..count].iter().all(|limb| *limb <= LIMB), "a limb is too long");
    wide(given, count, BITS)
}

fn is_flag(given: &mut &[u64]) -> bool {
    wide(given, 1, BITS).bit(63)
}

#[inline(always)]
fn take<L: Copy, const K: usize>(given: &mut &[L]) -> [L; K] {
    let Some((first, rest)) = given.split_first_chunk() else { unreachable!("operands") };
    *given = rest;
    *first
}

// --- limbs -----------------------------------------------------------------------------------------

pub struct Limbs<const K: usize>;

impl<const K: usize> Part for Limbs<K> {
    const FUNCTIONS: usize = 8;
    const LIMBS: usize = K;
    const FREE: usize = 4;

    fn operands(&self, octets: &mut Octets) -> Vec<u64> {
        let full = [LIMB; K];
        let (a, b) = (octets.number(&full), octets.number(&full));
        let b = if octets.choice(8) == 0 { a } else { b };
        // Two more bits in each limb, and a sign.
        let long = [(); K].map(|()| octets.word() >> octets.choice(12).max(2));
        let mut signed = [(); K].map(|()| (octets.word() as i64 >> 3) as u64);
        signed[K - 1] = signed[K - 1] & (u64::MAX >> 4) | 1 << 60;
        let mut n = octets.number(&full);
        n[K - 1] = n[K - 1] >> 1 | 1 << 50;
        let mut x = octets.number(&n);
        if octets.choice(2) == 0 {
            // Up to 2 n - 1.
            let sum = whole(&x) + whole(&n) - 1;
            x = of(&sum);
        }
        [a, b, long, signed, n, x].concat()
    }

    #[inline(always)]
    fn run<L: Lanes>(&self, mut given: &[L]) -> Vec<L> {
        let [a, b, long, signed, n, x]: [[L; K]; 6] = [(); 6].map(|()| take(&mut given));
        let (ab, aa) = (product(&a, &b), square(&a));
        let mut found = [ab, aa].as_flattened().concat();
        found.extend(carry(&long));
        found.extend(signed_carry(&signed));
        found.extend(below(&x, &n));
        let flag = differ(&a, &b);
        found.extend([flag, not(flag), or(flag, not(flag))]);
        found
    }

    fn check(&self, mut given: &[u64], mut found: &[u64]) {
        let [a, b] = [(); 2].map(|()| next(&mut given, K));
        let long = wide(&mut given, K, BITS);
        let signed: [u64; K] = take(&mut given);
        let signed =
            signed.iter().rev().fold(BigInt::ZERO, |sum, limb| (sum << BITS) + *limb as i64);
        let [n, x] = [(); 2].map(|()| next(&mut given, K));
        assert_eq!([&a * &b, &a * &a], [(); 2].map(|()| wide(&mut found, 2 * K, BITS)));
        for expected in [long, signed] {
            assert!(found[..K - 1].iter().all(|limb| *limb <= LIMB));
            assert_eq!(wide(&mut found, K, BITS), expected);
        }
        assert_eq!(next(&mut found, K), x % n);
        let differ = a != b;
        assert_eq!([(); 3].map(|()| is_flag(&mut found)), [differ, !differ, true]);
    }
}

// --- numbers mod n ---------------------------------------------------------------------------------

pub struct Modular<M, const K: usize>(PhantomData<fn() -> M>);

impl<M, const K: usize> Modular<M, K> {
    pub fn make() -> Self {
        Self(PhantomData)
    }

    /// Bits of what is below one more than the order has.
    const BITS: u32 = if K == 5 { 257 } else { 385 };
    /// Digits of five bits.
    const DIGITS: usize = if K == 5 { 52 } else { 78 };
}

impl<M: Modulus<K>, const K: usize> Part for Modular<M, K> {
    const FUNCTIONS: usize = 4;
    const LIMBS: usize = K;
    const FREE: usize = 2;

    fn operands(&self, octets: &mut Octets) -> Vec<u64> {
        let mut most = [LIMB; K];
        most[K - 1] >>= BITS * K - Self::BITS as usize;
        [octets.number(&most), octets.number(&most)].concat()
    }

    #[inline(always)]
    fn run<L: Lanes>(&self, mut given: &[L]) -> Vec<L> {
        let [a, b]: [[L; K]; 2] = [(); 2].map(|()| take(&mut given));
        let mut found = montgomery::mul::<M, L, K>(&a, &b).to_vec();
        found.extend(montgomery::sqr::<M, L, K>(&a));
        let mut all = [(L::set(0), L::set(0)); 80];
        for width in [5, 10] {
            let count = Self::DIGITS * 5 / width;
            let left = digits(&a, width as u32, &mut all[..count]);
            for (digit, sign) in &all[..count] {
                found.extend([*digit, *sign]);
            }
            found.push(left);
        }
        found
    }

    fn check(&self, mut given: &[u64], mut found: &[u64]) {
        let [a, b] = [(); 2].map(|()| next(&mut given, K));
        let (n, r) = (modulus::<M, K>(), power((BITS * K) as u32));
        for expected in [&a * b, &a * &a] {
            let t = next(&mut found, K);
            assert!(is_same(&(&t * &r), &expected, &n) && t.bits() <= Self::BITS.into());
        }
        for width in [5, 10] {
            let mut sum = BigInt::ZERO;
            for i in 0..Self::DIGITS * 5 / width {
                let digit = wide(&mut found, 1, BITS);
                assert!(digit <= power(width as u32 - 1));
                let digit = if is_flag(&mut found) { -digit } else { digit };
                sum += digit << (width * i);
            }
            assert_eq!([sum, wide(&mut found, 1, BITS)], [a.clone(), BigInt::ZERO]);
        }
    }
}

// --- Weierstrass' curves ---------------------------------------------------------------------------

/// What coordinates are within: x and y, and z.
pub struct Curve<C, const K: usize>([[u64; K]; 2], PhantomData<fn() -> C>);

impl<C: weierstrass::Curve<K>, const K: usize> Curve<C, K> {
    /// x and y are up to so many hundredths of p.
    pub fn new(percent: u32) -> Self {
        let p = modulus::<C, K>();
        Self([of(&(&p * percent / 100)), of(&(p * 2 - 1))], PhantomData)
    }
}

impl<C: weierstrass::Curve<K>, const K: usize> Part for Curve<C, K> {
    const FUNCTIONS: usize = 6;
    const LIMBS: usize = K;
    const FREE: usize = 8;

    fn operands(&self, octets: &mut Octets) -> Vec<u64> {
        let [small, two] = &self.0;
        let p = [octets.number(small), octets.number(small), octets.number(two)];
        let q = match octets.choice(4) {
            // The same point, and one of the curve.
            0 => [p[0], p[1]],
            1 => C::multiples_of_g()[1 + octets.word() as usize % (weierstrass::SHARED - 1)],
            _ => [octets.number(small), octets.number(small)],
        };
        let q = [q[0], q[1], octets.number(two), octets.number(two), octets.number(two)];
        [p.as_flattened(), q.as_flattened()].concat()
    }

    #[inline(always)]
    fn run<L: Lanes>(&self, mut given: &[L]) -> Vec<L> {
        let [x, y, z, x2, y2, z2, zz2, zzz2]: [[L; K]; 8] = [(); 8].map(|()| take(&mut given));
        let p = weierstrass::Point { x, y, z };
        let q = weierstrass::Point { x: x2, y: y2, z: z2 };
        let mut twice = p;
        weierstrass::double::<C, L, K>(&mut twice);
        let sum = weierstrass::add::<C, L, K>(&p, &q, [&zz2, &zzz2]);
        let mixed = weierstrass::add_mixed::<C, L, K>(&p, [&x2, &y2]);
        let mut found = vec![];
        for it in [twice, sum, mixed] {
            found.extend([it.x, it.y, it.z].concat());
        }
        found.extend(weierstrass::in_form::<C, L, K>(&x));
        found.push(weierstrass::is_off::<C, L, K>(&x2, &y2));
        found.push(weierstrass::differs_from_zero::<C, L, K>(&z));
        found
    }

    fn check(&self, mut given: &[u64], mut found: &[u64]) {
        let p = modulus::<C, K>();
        let (r, [small, two]) = (power((BITS * K) as u32), self.0.each_ref().map(|it| whole(it)));
        let [x, y, z, x2, y2] = [(); 5].map(|()| next(&mut given, K));
        for i in 0..3 {
            let [x3, y3, z3] = [(); 3].map(|()| next(&mut found, K));
            assert!(x3 <= small && y3 <= small && z3 <= two, "a coordinate is too large");
            assert!(i != 0 || is_same(&(z3 * &r), &(&y * &z * 2), &p), "z of a double");
        }
        assert!(is_same(&next(&mut found, K), &(x * &r), &p));
        let down = inverse(&r, &p);
        let [x2, y2] = [x2, y2].map(|it| it * &down);
        let left: BigInt = &y2 * &y2 - &x2 * &x2 * &x2 + x2 * 3 - whole(&C::B);
        assert_eq!(is_flag(&mut found), !left.is_multiple_of(&p));
        assert_eq!(is_flag(&mut found), !z.is_multiple_of(&p));
    }
}

// --- Edwards' curve --------------------------------------------------------------------------------

/// Below 2^259, 2^255 + 2^215, 2^258, 4 p, p, 2^260 and 2^252: the largest of each.
pub struct Edwards([[u64; 5]; 7]);

impl Edwards {
    pub fn make() -> Self {
        let p = whole(&ed25519::P);
        let product = power(255) + power(215);
        let bounds =
            [power(259), product, power(258), &p * 4, p, power(260), power(252)].map(|it| it - 1);
        Self(bounds.each_ref().map(of))
    }
}

impl Part for Edwards {
    const FUNCTIONS: usize = 10;
    const LIMBS: usize = 5;
    const FREE: usize = 15;

    fn operands(&self, octets: &mut Octets) -> Vec<u64> {
        let [factor, product, sum, four, p, low, high] = &self.0;
        let bounds = [
            factor, factor, product, four, p, low, high, // for the field
            product, product, product, product, sum, sum, product,
            sum, // a point, and an entry
        ];
        let mut found = bounds.map(|it| octets.number(it)).concat();
        found.push(octets.choice(2) as u64);
        found
    }

    #[inline(always)]
    fn run<L: Lanes>(&self, mut given: &[L]) -> Vec<L> {
        let [a, b, c, d, y, low, high]: [[L; 5]; 7] = [(); 7].map(|()| take(&mut given));
        let [px, py, pz, pt]: [[L; 5]; 4] = [(); 4].map(|()| take(&mut given));
        let entry: ed25519::Entry<L> = [(); 4].map(|()| take(&mut given));
        let point = ed25519::Point { x: px, y: py, z: pz, t: pt };
        let (mut twice, mut sum) = (point, point);
        twice.double();
        sum.add(&entry);
        let (decoded, none) = ed25519::decode(&y, given[0]);
        let field = [
            ed25519::mul(&a, &b),
            ed25519::sqr(&a),
            ed25519::canonical(&a),
            ed25519::add(&c, &d),
            ed25519::sub(&c, &d),
            ed25519::hash(&low, &high),
            decoded.x,
        ];
        let mut found = field.concat();
        found.push(none);
        for it in [twice, sum] {
            found.extend([it.x, it.y, it.z, it.t].concat());
        }
        found.extend(point.entry().concat());
        found
    }

    fn check(&self, mut given: &[u64], mut found: &[u64]) {
        let p = whole(&ed25519::P);
        let [factor, product, sum, ..] = self.0.each_ref().map(|it| whole(it));
        let [a, b, c, d, y, low, high] = [(); 7].map(|()| next(&mut given, 5));
        let sign = given[8 * 5] == 1;
        let [ab, aa, canonical, plus, minus, hash, x] = [(); 7].map(|()| next(&mut found, 5));
        assert!(is_same(&ab, &(&a * b), &p) && is_same(&aa, &(&a * &a), &p));
        assert!(ab <= product && aa <= product && plus <= factor && minus <= factor);
        assert_eq!([canonical, plus, minus], [a % &p, &c + &d, c - d + &p * 4]);
        assert_eq!(hash, (low + (high << 260)) % modulus::<ed25519::Order, 5>());
        // x^2 (d y^2 + 1) = y^2 - 1, with d = -121665 / 121666.
        let d = inverse(&BigInt::from(121_666), &p) * -121_665;
        let (u, v) = (&y * &y - 1, d * &y * &y + 1);
        if is_flag(&mut found) {
            // u v is a square where u / v is one.
            let half: BigInt = (&p - 1) / 2;
            let power = Integer::mod_floor(&(u * v), &p).modpow(&half, &p);
            assert_ne!(power, BigInt::from(1), "there is a point");
        } else {
            assert!(is_same(&(&x * &x * v), &u, &p) && x.bit(0) == sign && x < p);
        }
        for bound in [[&product; 8].as_slice(), &[&sum, &sum, &product, &sum]].concat() {
            assert!(next(&mut found, 5) <= *bound);
        }
    }
}

// --- RSA -------------------------------------------------------------------------------------------

/// The longest modulus, and what is somewhat longer, which a factor may be.
pub struct Rsa<const N: usize, const D: usize, const OCTETS: usize>([[u64; N]; 2]);

impl<const N: usize, const D: usize, const OCTETS: usize> Rsa<N, D, OCTETS> {
    /// What is left of the steps of 48 bits.
    const SHIFT: usize = BITS * N % 48;

    pub fn make() -> Self {
        // n^2 / R and a little more.
        let square = (16 * OCTETS - BITS * N) as u32;
        let full = power(8 * OCTETS as u32) - 1;
        Self([of(&full), of(&(&full + power(square) + power(square - 10)))])
    }
}

/// The highest octet first.
fn octets_of<const OCTETS: usize>(limbs: &[u64]) -> [u8; OCTETS] {
    std::array::from_fn(|i| {
        let bit = 8 * (OCTETS - 1 - i);
        let (first, bit) = (bit / BITS, bit % BITS);
        let next = limbs.get(first + 1).copied().unwrap_or(0);
        (limbs[first] >> bit | next << (BITS - bit)) as u8
    })
}

impl<const N: usize, const D: usize, const OCTETS: usize> Part for Rsa<N, D, OCTETS> {
    const FUNCTIONS: usize = 6;
    const LIMBS: usize = N;
    const FREE: usize = 0;

    fn operands(&self, octets: &mut Octets) -> Vec<u64> {
        let [full, longest] = &self.0;
        let mut n = octets.number(full);
        // Odd, and of full size.
        let highest = 8 * OCTETS - 1;
        n[0] |= 1;
        n[highest / BITS] |= 1 << (highest % BITS);
        let mut less = n;
        less[0] -= 1;
        let s = octets.number(&less);
        let job = rsa::Job { modulus: octets_of::<OCTETS>(&n), signature: octets_of(&s) };
        let Some(numbers) = rsa::numbers::<N, D, OCTETS>(&job) else { panic!("{job:x?}") };
        // s + n up to s + 5 n, not carried.
        let (more, mut lowest) = (octets.choice(5) as u64, job.modulus);
        lowest.reverse();
        let a: [u64; D] =
            std::array::from_fn(|i| numbers.raised[i] + more * bits::<48>(&lowest, 48 * i));
        let [x, y] = [(); 2].map(|()| octets.number(longest));
        let parts: [&[u64]; 7] =
            [&n, &x, &y, &a, &numbers.complement, &[numbers.inverse], &[numbers.reciprocal]];
        parts.concat()
    }

    #[inline(always)]
    fn run<L: Lanes>(&self, mut given: &[L]) -> Vec<L> {
        let [n, x, y]: [[L; N]; 3] = [(); 3].map(|()| take(&mut given));
        let [mut a, complement]: [[L; D]; 2] = [(); 2].map(|()| take(&mut given));
        let (inverse, reciprocal) = (given[0], given[1]);
        let mut found = vec![];
        found.extend(rsa::pack::<L, D, N>(&a, Self::SHIFT));
        for _ in 0..2 {
            rsa::step(&mut a, 8 * OCTETS, &complement, reciprocal);
            found.extend(a);
        }
        let (mut xy, mut xx, mut room) = (x, x, [[L::set(0); N]; 2]);
        rsa::mul(&mut xy, &y, &n, inverse, &mut room);
        rsa::sqr(&mut xx, &n, inverse, &mut room);
        found.extend(xy);
        found.extend(xx);
        found.extend(below(&xy, &n));
        found
    }

    fn check(&self, mut given: &[u64], mut found: &[u64]) {
        let [n, x, y] = [(); 3].map(|()| next(&mut given, N));
        let mut a = wide(&mut given, D, 48);
        assert_eq!(next(&mut found, N), &a << Self::SHIFT);
        for _ in 0..2 {
            let after = wide(&mut found, D, 48);
            assert!(is_same(&after, &(a << 48), &n) && after >= n && after < &n * 6);
            a = after;
        }
        let (r, longest) = (power((BITS * N) as u32), whole(&self.0[1]));
        let [xy, _] = [&x * y, &x * &x].map(|expected| {
            let t = next(&mut found, N);
            assert!(is_same(&(&t * &r), &expected, &n) && t <= longest);
            t
        });
        assert_eq!(next(&mut found, N), xy % n);
    }
}
