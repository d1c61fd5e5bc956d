//! Stacks for drivers in Python: each virtual CPU is a greenlet.

use ndiswan::time::stacks::{Body, Stacks};
use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyList};

use super::cpu;

/// What is the same for all worlds.
struct Shared {
    class: Py<PyAny>,
    current: Py<PyAny>,
    /// What a greenlet runs: one body after the other, and in between it waits in its parent.
    cpu: Py<PyAny>,
    /// Of each thread, the greenlets that wait: to make one takes a tenth of a short execution.
    spare: Py<PyAny>,
}

impl Shared {
    fn get(py: Python<'_>) -> PyResult<&'static Shared> {
        static SHARED: PyOnceLock<Shared> = PyOnceLock::new();
        SHARED.get_or_try_init(py, || {
            let greenlet = py.import(intern!(py, "greenlet"))?;
            let ours = py.import(intern!(py, "ndiswan._stacks"))?;
            Ok(Shared {
                class: greenlet.getattr(intern!(py, "greenlet"))?.unbind(),
                current: greenlet.getattr(intern!(py, "getcurrent"))?.unbind(),
                cpu: cpu::function(py)?,
                spare: ours.getattr(intern!(py, "spare"))?.unbind(),
            })
        })
    }

    /// Those of this thread.
    fn waiting<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let waiting = self.spare.bind(py).getattr(intern!(py, "greenlets"))?;
        Ok(waiting.cast_into::<PyList>()?)
    }

    /// One that waits, or a new one; its parent is `own`.
    fn take(&self, py: Python<'_>, own: &Py<PyAny>) -> PyResult<Py<PyAny>> {
        let waiting = self.waiting(py)?;
        let Some(last) = waiting.len().checked_sub(1) else {
            return Ok(self.class.bind(py).call1((&self.cpu, own))?.unbind());
        };
        let greenlet = waiting.get_item(last)?;
        waiting.del_item(last)?;
        greenlet.setattr(intern!(py, "parent"), own)?;
        Ok(greenlet.unbind())
    }

    /// The present one has nothing more to do, and waits for the next body.
    fn give_back(&self, py: Python<'_>) -> PyResult<()> {
        let own = self.current.bind(py).call0()?;
        // What its body has set of context variables.
        own.setattr(intern!(py, "gr_context"), py.None())?;
        self.waiting(py)?.append(own)
    }
}

/// A stack that has not begun takes its body along when it is switched to.
struct Stack {
    greenlet: Py<PyAny>,
    body: Option<Py<PyAny>>,
}

/// The stacks of one world: greenlets of the thread that made it.
pub(crate) struct Greenlets {
    shared: &'static Shared,
    /// By number; 0 is the thread's own.
    list: Mutex<Vec<Option<Stack>>>,
}

impl Greenlets {
    pub(crate) fn new(py: Python<'_>) -> PyResult<Greenlets> {
        let shared = Shared::get(py)?;
        let own = Stack { greenlet: shared.current.bind(py).call0()?.unbind(), body: None };
        Ok(Greenlets { shared, list: Mutex::new(vec![Some(own)]) })
    }

    fn make(&self, py: Python<'_>, body: Body) -> PyResult<Stack> {
        let (shared, body) = (self.shared, Mutex::new(Some(body)));
        let body = PyCFunction::new_closure(py, None, None, move |arguments, _| {
            // It ends when the world does, and goes on with its parent, the thread's own stack.
            if let Some(body) = body.lock().take() {
                body();
            }
            shared.give_back(arguments.py())
        })?;
        let own = self.list.lock()[0].as_ref().map(|own| own.greenlet.clone_ref(py));
        let greenlet = shared.take(py, &own.unwrap_or_else(|| py.None()))?;
        Ok(Stack { greenlet, body: Some(body.into_any().unbind()) })
    }

    /// The greenlet of that number, and its body if it has not begun.
    fn next(&self, py: Python<'_>, number: usize) -> Option<(Py<PyAny>, Option<Py<PyAny>>)> {
        let mut list = self.list.lock();
        let stack = list.get_mut(number)?.as_mut()?;
        Some((stack.greenlet.clone_ref(py), stack.body.take()))
    }
}

impl Stacks for Greenlets {
    fn start(&self, number: usize, body: Body) {
        Python::attach(|py| match self.make(py, body) {
            Ok(made) => {
                let mut list = self.list.lock();
                if list.len() <= number {
                    list.resize_with(number + 1, || None);
                }
                list[number] = Some(made);
            }
            Err(error) => error.write_unraisable(py, None),
        });
    }

    fn switch(&self, _: usize, to: usize) {
        Python::attach(|py| {
            let switch = intern!(py, "switch");
            let switched = match self.next(py, to) {
                Some((greenlet, None)) => greenlet.call_method0(py, switch),
                Some((greenlet, Some(body))) => {
                    greenlet.call_method1(py, switch, (body, &self.shared.current))
                }
                None => return,
            };
            if let Err(error) = switched {
                error.write_unraisable(py, None);
            }
        });
    }
}
