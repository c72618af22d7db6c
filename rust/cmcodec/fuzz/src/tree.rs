//! Octets as elements that can be changed one by one, whatever the octets are.
//!
//! Nothing here is the engine's: what it reads wrongly, this does not read wrongly as well.

/// Elements inside elements, at most; what is deeper stays octets.
const DEPTH: usize = 80;

/// How the length of an element is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// As short as it can be.
    Minimal,
    /// In so many octets behind the first.
    Long(u8),
    /// As 80, and two octets of zero at the end.
    Indefinite,
    /// Wrong by so much.
    Lie(i8),
}

/// What an element contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inside {
    /// Octets.
    Octets(Vec<u8>),
    /// Elements, also where they stand in a string.
    Trees(Vec<Tree>),
}

/// An element; one without an identifier stands for its octets alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// Identifier octets.
    pub identifier: Vec<u8>,
    /// How its length is written.
    pub length: Length,
    /// What it contains.
    pub inside: Inside,
}

impl Tree {
    /// An element of elements.
    pub fn new(tag: u8, trees: Vec<Self>) -> Self {
        Self { identifier: vec![tag], length: Length::Minimal, inside: Inside::Trees(trees) }
    }

    /// An element of octets.
    pub fn leaf(tag: u8, octets: &[u8]) -> Self {
        let inside = Inside::Octets(octets.to_vec());
        Self { identifier: vec![tag], length: Length::Minimal, inside }
    }

    /// Octets that are no element.
    pub fn raw(octets: &[u8]) -> Self {
        let inside = Inside::Octets(octets.to_vec());
        Self { identifier: Vec::new(), length: Length::Minimal, inside }
    }

    /// Its first identifier octet; 0 for octets that are no element.
    pub fn tag(&self) -> u8 {
        self.identifier.first().copied().unwrap_or(0)
    }

    /// The elements inside; none in a leaf.
    pub fn trees(&self) -> &[Self] {
        match &self.inside {
            Inside::Trees(trees) => trees,
            Inside::Octets(_) => &[],
        }
    }

    /// The same, to be changed.
    pub fn trees_mut(&mut self) -> &mut [Self] {
        match &mut self.inside {
            Inside::Trees(trees) => trees,
            Inside::Octets(_) => &mut [],
        }
    }

    /// The content octets.
    pub fn content(&self) -> Vec<u8> {
        match &self.inside {
            Inside::Octets(octets) => octets.clone(),
            Inside::Trees(trees) => encode(trees),
        }
    }

    /// The octets.
    pub fn encode(&self) -> Vec<u8> {
        encode(std::slice::from_ref(self))
    }

    /// Writes the octets behind others, the content first: what stands before it is put there then.
    fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        match &self.inside {
            Inside::Octets(octets) => out.extend_from_slice(octets),
            Inside::Trees(trees) => trees.iter().for_each(|tree| tree.write(out)),
        }
        if self.identifier.is_empty() {
            return;
        }
        let length = self.length(out.len() - start);
        let before = self.identifier.len() + length.len();
        let end = out.len();
        out.resize(end + before, 0);
        out.copy_within(start..end, start + before);
        out[start..][..self.identifier.len()].copy_from_slice(&self.identifier);
        out[start + self.identifier.len()..][..length.len()].copy_from_slice(&length);
        if self.length == Length::Indefinite {
            out.extend_from_slice(&[0, 0]);
        }
    }

    /// The length octets of a content of `size` octets.
    fn length(&self, size: usize) -> Vec<u8> {
        let octets = size.to_be_bytes();
        let significant = (size.leading_zeros() / 8) as usize;
        let long =
            |first: usize| [&[0x80 | (octets.len() - first) as u8], &octets[first..]].concat();
        match self.length {
            Length::Minimal if size < 0x80 => vec![size as u8],
            Length::Minimal => long(significant),
            Length::Long(count) => long(significant.min(octets.len() - usize::from(count.min(8)))),
            Length::Indefinite => vec![0x80],
            Length::Lie(by) => {
                let told = size.saturating_add_signed(isize::from(by)).min(0xFFFF);
                match told {
                    ..0x80 => vec![told as u8],
                    _ => vec![0x82, (told >> 8) as u8, told as u8],
                }
            }
        }
    }

    /// How many elements it is, itself included.
    pub fn count(&self) -> usize {
        1 + count(self.trees())
    }
}

/// How many elements these are, with those in them.
pub fn count(trees: &[Tree]) -> usize {
    trees.iter().map(Tree::count).sum()
}

/// The octets of elements.
pub fn encode(trees: &[Tree]) -> Vec<u8> {
    let mut out = Vec::new();
    trees.iter().for_each(|tree| tree.write(&mut out));
    out
}

/// Where element number `index`, counted from the outside in, stands.
pub fn place(trees: &mut Vec<Tree>, mut index: usize) -> (&mut Vec<Tree>, usize) {
    let mut path = Vec::new();
    assert!(find(trees, &mut index, &mut path), "there is one of this number");
    let at = path.pop().expect("found");
    let inner = path.into_iter().fold(trees, |trees, at| match &mut trees[at].inside {
        Inside::Trees(inner) => inner,
        Inside::Octets(_) => unreachable!("a leaf has one element"),
    });
    (inner, at)
}

/// Goes on until `index` elements were met; `path` leads to the next one, which is told.
fn find(trees: &[Tree], index: &mut usize, path: &mut Vec<usize>) -> bool {
    for (at, tree) in trees.iter().enumerate() {
        path.push(at);
        if *index == 0 {
            return true;
        }
        *index -= 1;
        if find(tree.trees(), index, path) {
            return true;
        }
        path.pop();
    }
    false
}

/// Any octets as elements; the last is what is none. [`encode`] gives the octets back.
pub fn parse(octets: &[u8]) -> Vec<Tree> {
    let mut pos = 0;
    elements(octets, &mut pos, 0)
}

/// The elements from `pos` on; the last is what is none.
fn elements(octets: &[u8], pos: &mut usize, depth: usize) -> Vec<Tree> {
    let mut trees = Vec::new();
    while *pos < octets.len() {
        let Some(tree) = element(octets, pos, depth) else {
            trees.push(Tree::raw(&octets[*pos..]));
            *pos = octets.len();
            break;
        };
        trees.push(tree);
    }
    trees
}

/// The elements from `pos` on, to two octets of zero.
fn until_end(octets: &[u8], pos: &mut usize, depth: usize) -> Option<Vec<Tree>> {
    let mut trees = Vec::new();
    while !octets[*pos..].starts_with(&[0, 0]) {
        trees.push(element(octets, pos, depth)?);
    }
    *pos += 2;
    Some(trees)
}

fn element(octets: &[u8], pos: &mut usize, depth: usize) -> Option<Tree> {
    let rest = &octets[*pos..];
    let tag = *rest.first()?;
    let mut at = 1;
    if tag & 0x1F == 0x1F {
        let more = rest[1..].iter().take(5).position(|octet| octet & 0x80 == 0)?;
        at += more + 1;
    }
    let identifier = rest[..at].to_vec();
    let first = *rest.get(at)?;
    at += 1;
    let mut declared = usize::from(first);
    let mut length = Length::Minimal;
    if first == 0x80 && tag & 0x20 != 0 && depth < DEPTH {
        let mut inner = *pos + at;
        // One without an end is none, so that what is written is what was read.
        let trees = until_end(octets, &mut inner, depth + 1)?;
        *pos = inner;
        return Some(Tree { identifier, length: Length::Indefinite, inside: Inside::Trees(trees) });
    }
    if first >= 0x80 {
        let count = usize::from(first & 0x7F);
        let written = rest.get(at..at + count).filter(|_| (1..=4).contains(&count))?;
        declared = written.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
        at += count;
        if declared < 0x80 || written[0] == 0 {
            length = Length::Long(count as u8);
        }
    }
    let content = rest.get(at..at + declared)?;
    *pos += at + declared;
    let inside =
        inside(tag, content, depth).map_or_else(|| Inside::Octets(content.to_vec()), Inside::Trees);
    Some(Tree { identifier, length, inside })
}

/// The elements that an element contains, in a string as well.
fn inside(tag: u8, content: &[u8], depth: usize) -> Option<Vec<Tree>> {
    if depth >= DEPTH {
        return None;
    }
    let (skipped, content) = match tag {
        _ if tag & 0x20 != 0 => (None, content),
        0x03 => (content.first(), content.get(1..)?),
        0x04 | 0x80..=0x9F => (None, content),
        _ => return None,
    };
    let mut pos = 0;
    let mut trees = elements(content, &mut pos, depth + 1);
    if tag & 0x20 == 0 {
        let plausible = [0x30, 0x31, 0x04, 0xA0];
        let whole = trees.iter().all(|tree| !tree.identifier.is_empty());
        if !whole || !trees.first().is_some_and(|first| plausible.contains(&first.tag())) {
            return None;
        }
    }
    if let Some(skipped) = skipped {
        trees.insert(0, Tree::raw(&[*skipped]));
    }
    Some(trees)
}
