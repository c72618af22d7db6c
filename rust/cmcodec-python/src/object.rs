//! Instances of the declared classes, made without running their `__init__`.
//!
//! The only unsafe code of the project. A declared class is a frozen dataclass
//! with `__slots__` (or inherits one), so an instance is its type's basic size
//! plus one pointer per slot, and each slot is a member descriptor of the
//! class. Invariants:
//!
//! * `Class::new` accepts only types whose attributes are data descriptors, so
//!   `set` is never called through a null pointer.
//! * A fresh object has null slots, which the garbage collector and the
//!   destructor both accept; every slot is set before the object is returned.
//! * The object is untracked because what it refers to is older than itself
//!   and immutable: declared values form trees, never cycles.

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

/// A declared class, ready to be instantiated.
pub struct Class {
    class: Py<PyType>,
    slots: Vec<Slot>,
}

struct Slot {
    name: Py<PyString>,
    descriptor: Py<PyAny>,
    set: ffi::descrsetfunc,
    /// What the attribute is where the encoding says nothing.
    default: Py<PyAny>,
}

impl Class {
    /// Looks up the slots of `class` by attribute name.
    pub fn new<'a>(
        class: &Bound<'_, PyType>,
        attributes: impl Iterator<Item = &'a str>,
    ) -> PyResult<Self> {
        let py = class.py();
        let fields = class.getattr("__dataclass_fields__").ok();
        let mut slots = Vec::new();
        for name in attributes {
            let descriptor = class.getattr(name)?;
            // SAFETY: the type object of a live object is valid, and since Python 3.10
            // PyType_GetSlot accepts static types too.
            let set = unsafe {
                ffi::PyType_GetSlot(ffi::Py_TYPE(descriptor.as_ptr()), ffi::Py_tp_descr_set)
            };
            if set.is_null() {
                return Err(PyTypeError::new_err(format!("{class} has no slot {name}")));
            }
            // SAFETY: a non-null Py_tp_descr_set slot holds a descrsetfunc.
            let set =
                unsafe { std::mem::transmute::<*mut std::ffi::c_void, ffi::descrsetfunc>(set) };
            let default = match &fields {
                Some(fields) => fields.get_item(name)?.getattr("default")?,
                None => py.None().into_bound(py),
            };
            slots.push(Slot {
                name: PyString::intern(py, name).unbind(),
                descriptor: descriptor.unbind(),
                set,
                default: default.unbind(),
            });
        }
        Ok(Self { class: class.clone().unbind(), slots })
    }

    /// The Python class.
    pub fn class<'py>(&self, py: Python<'py>) -> &Bound<'py, PyType> {
        self.class.bind(py)
    }

    /// The name of attribute number `index`.
    pub fn attribute<'py>(&self, py: Python<'py>, index: usize) -> Option<&Bound<'py, PyString>> {
        self.slots.get(index).map(|slot| slot.name.bind(py))
    }

    /// The default of attribute number `index`.
    pub fn default<'py>(&self, py: Python<'py>, index: usize) -> Option<&Bound<'py, PyAny>> {
        self.slots.get(index).map(|slot| slot.default.bind(py))
    }

    /// Begins an instance.
    pub fn begin<'py>(&self, py: Python<'py>) -> PyResult<Instance<'_, 'py>> {
        // SAFETY: the type is a live heap type; the result is a new reference or null with an
        // exception set.
        let object = unsafe {
            let object = ffi::PyType_GenericAlloc(self.class.bind(py).as_type_ptr(), 0);
            Bound::from_owned_ptr_or_err(py, object)?
        };
        Ok(Instance { class: self, object, set: 0 })
    }

    /// An instance with these values for its attributes, in order.
    pub fn make<'py, const N: usize>(
        &self,
        py: Python<'py>,
        values: [Bound<'py, PyAny>; N],
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut instance = self.begin(py)?;
        for (index, value) in values.into_iter().enumerate() {
            instance.set(index, &value)?;
        }
        instance.finish()
    }
}

/// An instance in the making.
pub struct Instance<'a, 'py> {
    class: &'a Class,
    object: Bound<'py, PyAny>,
    /// A bit for each attribute that has been set.
    set: u64,
}

impl<'py> Instance<'_, 'py> {
    /// Sets attribute number `index`.
    pub fn set(&mut self, index: usize, value: &Bound<'py, PyAny>) -> PyResult<()> {
        self.set |= 1 << index;
        self.write(index, value)
    }

    fn write(&self, index: usize, value: &Bound<'py, PyAny>) -> PyResult<()> {
        let py = self.object.py();
        let Some(slot) = self.class.slots.get(index) else {
            return Err(PyTypeError::new_err("no such attribute"));
        };
        // SAFETY: descriptor, object and value are live, and the descriptor belongs to the
        // object's class.
        let status =
            unsafe { (slot.set)(slot.descriptor.as_ptr(), self.object.as_ptr(), value.as_ptr()) };
        if status < 0 { Err(PyErr::fetch(py)) } else { Ok(()) }
    }

    /// Ends it: what has not been set gets its default.
    pub fn finish(self) -> PyResult<Bound<'py, PyAny>> {
        let py = self.object.py();
        for (index, slot) in self.class.slots.iter().enumerate() {
            if self.set >> index & 1 == 0 {
                self.write(index, slot.default.bind(py))?;
            }
        }
        // SAFETY: PyType_GenericAlloc tracks objects of types with Py_TPFLAGS_HAVE_GC, which
        // classes with slots are; untracking twice or a second time by the destructor is allowed.
        unsafe { ffi::PyObject_GC_UnTrack(self.object.as_ptr().cast()) };
        Ok(self.object)
    }
}
