//! Instances of the declared classes, made without running their `__init__`.
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

use std::ptr::{self, NonNull};

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyString, PyTuple, PyType};

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
        attributes: impl Iterator<Item = &'a str>,
    ) -> PyResult<Self> {
        let py = class.py();
        let head: usize = py.get_type::<PyAny>().getattr("__basicsize__")?.extract()?;
        let fields = class.getattr("__dataclass_fields__").ok();
        let missing = py.import("dataclasses")?.getattr("MISSING")?;
        let mut slots = Vec::new();
        for name in attributes {
            let default = match &fields {
                Some(fields) => fields.get_item(name)?.getattr("default")?,
                None => py.None().into_bound(py),
            };
            let default = (!default.is(&missing)).then(|| default.unbind());
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

    /// The name of attribute number `index`.
    pub fn attribute<'py>(&self, py: Python<'py>, index: usize) -> Option<&Bound<'py, PyString>> {
        self.slots.get(index).map(|slot| slot.name.bind(py))
    }

    /// The default of attribute number `index`, if it has one.
    pub fn default<'py>(&self, py: Python<'py>, index: usize) -> Option<&Bound<'py, PyAny>> {
        self.slots.get(index)?.default.as_ref().map(|default| default.bind(py))
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
