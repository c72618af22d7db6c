//! Instances of the declared classes, made without running their `__init__`
//! and read without looking their attributes up.
//!
//! The only unsafe code of the project. A declared class is a frozen dataclass
//! with `__slots__` (or inherits one): an instance is the head that every
//! object has, and after it one pointer per slot and nothing else. Invariants:
//!
//! * `Class::new` accepts no other class. It does not assume where a slot
//!   stands: it sets each one of a specimen through its descriptor, and looks
//!   which pointer of the body changed.
//! * A fresh object has null slots, which the destructor accepts. A slot that
//!   is not null owns its reference. Every slot is set before the object is
//!   handed out.
//! * Neither the object nor a tuple made here is tracked by the garbage
//!   collector: what they refer to is older than themselves and immutable, so
//!   declared values form trees, never cycles.
//! * The layout of a class never changes once it is made, and a `Reader` is only
//!   made for an instance of exactly that class. A slot that is read is null or
//!   a reference that the instance owns; it becomes a reference of ours at once,
//!   before any Python code can run, and within a critical section of the instance,
//!   in which no other thread sets it (`object.__setattr__` can) where there is no GIL.

use std::ptr::{self, NonNull};

use cmcodec::schema::primitive::small_integer;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{IntoPyDict, PyAny, PyBytes, PyDict, PyInt, PyString, PyTuple, PyType};

/// A declared class, ready to be instantiated.
pub struct Class {
    class: Py<PyType>,
    /// Size of the head in octets.
    head: usize,
    slots: Vec<Slot>,
}

struct Slot {
    name: Py<PyString>,
    /// Which pointer of the body it is.
    place: usize,
    /// What the attribute is where the encoding says nothing.
    default: Option<Py<PyAny>>,
}

impl Class {
    /// Looks up the slots of `class` by attribute name.
    pub fn new<'a>(
        class: &Bound<'_, PyType>,
        attributes: impl IntoIterator<Item = &'a str>,
    ) -> PyResult<Self> {
        let py = class.py();
        let head: usize = py.get_type::<PyAny>().getattr("__basicsize__")?.extract()?;
        let fields = class.getattr("__dataclass_fields__").ok();
        let missing = py.import("dataclasses")?.getattr("MISSING")?;
        let mut slots = Vec::new();
        for name in attributes {
            // A slot that is no field has no default.
            let field = match &fields {
                Some(fields) => fields.cast::<PyDict>()?.get_item(name)?,
                None => None,
            };
            let default = field.map(|field| field.getattr("default")).transpose()?;
            let default = default.filter(|default| !default.is(&missing)).map(Bound::unbind);
            slots.push(Slot { name: PyString::intern(py, name).unbind(), place: 0, default });
        }
        // SAFETY: the type object is live.
        let is_collected = unsafe { ffi::PyType_IS_GC(class.as_type_ptr()) } != 0;
        let body = slots.len() * size_of::<*mut ffi::PyObject>();
        let is_plain = is_collected
            && head % align_of::<*mut ffi::PyObject>() == 0
            && class.getattr("__basicsize__")?.eq(head + body)?
            && class.getattr("__itemsize__")?.eq(0)?
            && class.getattr("__dictoffset__")?.eq(0)?
            && class.getattr("__weakrefoffset__")?.eq(0)?;
        let mut made = Self { class: class.clone().unbind(), head, slots };
        if !is_plain || !made.find_places(py)? {
            return Err(PyTypeError::new_err(format!("{class} has more than its slots")));
        }
        Ok(made)
    }

    /// Finds the place of each slot; false if some pointer of the body belongs
    /// to none.
    fn find_places(&mut self, py: Python<'_>) -> PyResult<bool> {
        let class = self.class.clone_ref(py).into_bound(py);
        let mut specimen = self.begin(py)?;
        let mut places = Vec::new();
        for slot in &self.slots {
            let descriptor = class.getattr(slot.name.bind(py))?;
            descriptor.call_method1("__set__", (&specimen.object, &class))?;
            let mut found =
                specimen.body().iter().enumerate().filter(|(place, pointer)| {
                    **pointer == class.as_ptr() && !places.contains(place)
                });
            match (found.next(), found.next()) {
                (Some((place, _)), None) => places.push(place),
                _ => return Ok(false),
            }
        }
        drop(specimen);
        for (slot, place) in self.slots.iter_mut().zip(places) {
            slot.place = place;
        }
        Ok(true)
    }

    /// The Python class.
    pub fn class<'py>(&self, py: Python<'py>) -> &Bound<'py, PyType> {
        self.class.bind(py)
    }

    /// Whether `value` is an instance of this class and of none derived from it.
    #[inline]
    pub fn is_exactly_of(&self, value: &Bound<'_, PyAny>) -> bool {
        value.get_type_ptr().cast() == self.class.as_ptr()
    }

    /// Reads `value`, if it is an instance of this class and of none derived
    /// from it.
    #[inline]
    pub fn reader<'a, 'py>(&'a self, value: &'a Bound<'py, PyAny>) -> Option<Reader<'a, 'py>> {
        self.is_exactly_of(value).then_some(Reader { class: self, object: value })
    }

    /// An instance of this very class with the attributes of `value`, as Python
    /// looks them up, if that is an instance of a class derived from it.
    pub fn copy<'py>(&self, value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = value.py();
        if !value.is_instance(self.class.bind(py))? {
            return Ok(None);
        }
        let mut copy = self.begin(py)?;
        for (index, slot) in self.slots.iter().enumerate() {
            if let Some(value) = value.getattr_opt(slot.name.bind(py))? {
                copy.set(index, value);
            }
        }
        Ok(Some(copy.object))
    }

    /// The default of attribute number `index`, if it has one.
    pub fn default<'py>(&self, py: Python<'py>, index: usize) -> Option<&Bound<'py, PyAny>> {
        self.slots.get(index)?.default.as_ref().map(|default| default.bind(py))
    }

    /// Where a slot of `object` stands.
    ///
    /// # Safety
    ///
    /// `object` is an instance of exactly this class, and `slot` one of its slots.
    #[inline]
    unsafe fn place(&self, object: *mut ffi::PyObject, slot: &Slot) -> *mut *mut ffi::PyObject {
        // SAFETY: the body of an instance has a pointer for each slot.
        unsafe { object.byte_add(self.head).cast::<*mut ffi::PyObject>().add(slot.place) }
    }

    /// Begins an instance.
    #[inline]
    pub fn begin<'py>(&self, py: Python<'py>) -> PyResult<Instance<'_, 'py>> {
        // SAFETY: the type is a live heap type whose instances are collected, and what it
        // allocates, it frees as PyObject_GC_New wants it. The body is written before anything
        // can look at it; `new` has seen that it has this size.
        unsafe {
            let object = ffi::PyObject_GC_New::<ffi::PyObject>(self.class.bind(py).as_type_ptr());
            let Some(object) = NonNull::new(object) else { return Err(PyErr::fetch(py)) };
            let body = object.as_ptr().byte_add(self.head).cast::<*mut ffi::PyObject>();
            for place in 0..self.slots.len() {
                body.add(place).write(ptr::null_mut());
            }
            Ok(Instance { class: self, object: Bound::from_owned_ptr(py, object.as_ptr()) })
        }
    }

    /// An instance with these values for its attributes, in order.
    #[inline]
    pub fn make<'py, const N: usize>(
        &self,
        py: Python<'py>,
        values: [Bound<'py, PyAny>; N],
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut instance = self.begin(py)?;
        for (index, value) in values.into_iter().enumerate() {
            instance.set(index, value);
        }
        Ok(instance.finish())
    }

    /// An instance whose only attribute is these octets.
    pub fn whole<'py>(&self, py: Python<'py>, octets: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let made = self.make(py, [PyBytes::new(py, octets).into_any()])?;
        made.ok_or_else(|| PyTypeError::new_err("more than one attribute"))
    }
}

/// What an attribute of an instance is.
pub enum Held<'py> {
    /// It was never set, or deleted.
    Nothing,
    /// `None`.
    None,
    /// Anything else.
    Value(Bound<'py, PyAny>),
}

/// Reads the attributes of an instance of exactly its class.
#[derive(Clone, Copy)]
pub struct Reader<'a, 'py> {
    class: &'a Class,
    object: &'a Bound<'py, PyAny>,
}

impl<'py> Reader<'_, 'py> {
    /// Attribute number `index`.
    #[inline]
    pub fn get(&self, index: usize) -> Held<'py> {
        let Some(slot) = self.class.slots.get(index) else { return Held::Nothing };
        with_critical_section(self.object, || {
            let value = self.slot(slot);
            // SAFETY: the instance owns what it refers to, and neither Python code nor another
            // thread has set the slot since the reference was read.
            unsafe {
                if value == ffi::Py_None() {
                    return Held::None;
                }
                let value = Bound::from_borrowed_ptr_or_opt(self.object.py(), value);
                value.map_or(Held::Nothing, Held::Value)
            }
        })
    }

    /// Fetches what attribute number `index` refers to in its turn, where that
    /// is a tuple or an instance of `class`: see [`fetch`].
    #[inline]
    pub fn fetch(&self, index: usize, class: Option<&Class>) {
        // Without a GIL nothing may be looked at that is not referred to.
        if cfg!(Py_GIL_DISABLED) {
            return;
        }
        let Some(slot) = self.class.slots.get(index) else { return };
        let value = self.slot(slot);
        if !value.is_null() {
            // SAFETY: the instance owns it, so it is live.
            unsafe { fetch_from(value, class) }
        }
    }

    /// What stands in a slot: null, or a reference that the instance owns.
    #[inline]
    fn slot(&self, slot: &Slot) -> *mut ffi::PyObject {
        // SAFETY: the object is an instance of the very same class.
        unsafe { self.class.place(self.object.as_ptr(), slot).read() }
    }
}

/// Fetches what `value` refers to into the processor's cache, where it is a tuple
/// or an instance of `class`. Each object met one after the other would be
/// waited for; this asks for all at once, some time before they are needed.
#[inline]
pub fn fetch(value: &Bound<'_, PyAny>, class: Option<&Class>) {
    if cfg!(Py_GIL_DISABLED) {
        return;
    }
    // SAFETY: it is live.
    unsafe { fetch_from(value.as_ptr(), class) }
}

/// # Safety
///
/// `value` is live. No Python code runs in here.
#[inline]
unsafe fn fetch_from(value: *mut ffi::PyObject, class: Option<&Class>) {
    // SAFETY: tuples and instances own what they refer to; the type of what is live can be read.
    unsafe {
        let kind = ffi::Py_TYPE(value);
        if kind == &raw mut ffi::PyTuple_Type {
            for index in 0..ffi::PyTuple_Size(value) {
                let item = ffi::PyTuple_GetItem(value, index);
                if !item.is_null() {
                    std::hint::black_box(ffi::Py_TYPE(item));
                }
            }
        } else if let Some(class) = class.filter(|class| class.class.as_ptr() == kind.cast()) {
            for slot in &class.slots {
                let held = class.place(value, slot).read();
                if !held.is_null() {
                    std::hint::black_box(ffi::Py_TYPE(held));
                }
            }
        }
    }
}

/// The value of an `int` that fits 64 bits.
#[inline]
pub fn small_int(value: &Bound<'_, PyInt>) -> Option<i64> {
    let mut overflow = 0;
    // SAFETY: it is an int, for which this never raises.
    let small = unsafe { ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &raw mut overflow) };
    (overflow == 0).then_some(small)
}

/// The `int` that the content octets of an INTEGER are.
pub fn integer<'py>(py: Python<'py>, content: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    static FROM_BYTES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if let Some(value) = small_integer(content) {
        return Ok(PyInt::new(py, value).into_any());
    }
    let is_negative = content.first().is_some_and(|first| first >> 7 == 1);
    let signed = is_negative.then(|| [("signed", true)].into_py_dict(py)).transpose()?;
    let from_bytes = FROM_BYTES
        .get_or_try_init(py, || py.get_type::<PyInt>().getattr("from_bytes").map(Bound::unbind));
    from_bytes?.bind(py).call((PyBytes::new(py, content),), signed.as_ref())
}

/// An `int` in hexadecimal: `0x1f`, `-0x1f`.
pub fn hexadecimal<'py>(value: &Bound<'py, PyInt>) -> PyResult<Bound<'py, PyString>> {
    // SAFETY: the result is a new reference to a str, or null with an exception set.
    let text = unsafe {
        Bound::from_owned_ptr_or_err(value.py(), ffi::PyNumber_ToBase(value.as_ptr(), 16))?
    };
    Ok(text.cast_into()?)
}

/// An instance in the making.
pub struct Instance<'a, 'py> {
    class: &'a Class,
    object: Bound<'py, PyAny>,
}

impl<'py> Instance<'_, 'py> {
    /// The slots, by place.
    #[inline]
    fn body(&mut self) -> &mut [*mut ffi::PyObject] {
        // SAFETY: the body is as long as there are slots, aligned and initialised (`Class::begin`),
        // and nobody else knows the object yet.
        unsafe {
            let body = self.object.as_ptr().byte_add(self.class.head);
            std::slice::from_raw_parts_mut(body.cast(), self.class.slots.len())
        }
    }

    /// Sets attribute number `index`, which has not been set.
    #[inline]
    pub fn set(&mut self, index: usize, value: Bound<'py, PyAny>) {
        let class = self.class;
        let slot = class.slots.get(index).and_then(|slot| self.body().get_mut(slot.place));
        debug_assert!(slot.as_ref().is_some_and(|slot| slot.is_null()));
        if let Some(slot) = slot {
            *slot = value.into_ptr();
        }
    }

    /// Ends it: what has not been set gets its default. `None` if something
    /// without default has not been set.
    #[inline]
    pub fn finish(mut self) -> Option<Bound<'py, PyAny>> {
        let py = self.object.py();
        let class = self.class;
        for slot in &class.slots {
            let value = self.body().get_mut(slot.place)?;
            if value.is_null() {
                *value = slot.default.as_ref()?.clone_ref(py).into_ptr();
            }
        }
        Some(self.object)
    }
}

/// A tuple of declared values.
#[inline]
pub fn tuple<'py>(
    py: Python<'py>,
    values: impl ExactSizeIterator<Item = Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let tuple = PyTuple::new(py, values)?;
    // SAFETY: a live object of a collected type; it may be untracked already, as the empty one is.
    unsafe { ffi::PyObject_GC_UnTrack(tuple.as_ptr().cast()) };
    Ok(tuple.into_any())
}
