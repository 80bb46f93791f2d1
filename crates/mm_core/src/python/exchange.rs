//! Bindings of the exchange: JSON texts in and out, as the stub says.

use super::errors::to_py;
use crate::error::CoreError;
use crate::sim::exchange::Exchange;
use crate::sim::exchange::ExchangeSpec;
use crate::sim::exchange::Fees;
use crate::sim::rules::Agent;
use crate::sim::rules::Refusal;
use crate::units::UnixNanos;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Serialize;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// A perpetuals exchange; see the stub.
#[pyclass(name = "Exchange", module = "botmm._core", frozen)]
struct PyExchange(Mutex<Exchange>);

fn json(value: &impl Serialize) -> PyResult<String> {
    let bad = |e: serde_json::Error| CoreError::BadArgument { name: "json", why: e.to_string() };
    serde_json::to_string(value).map_err(|e| to_py(bad(e)))
}

/// Empty, or the refusal's code and values.
fn refused(result: Result<(), Refusal>) -> String {
    result.map_or_else(|refusal| refusal.json(), |()| String::new())
}

impl PyExchange {
    /// A call that panicked left nothing half done that the next could not see.
    fn lock(&self) -> MutexGuard<'_, Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, question: impl Fn(&Exchange) -> Result<String, CoreError>) -> PyResult<String> {
        question(&self.lock()).map_err(to_py)
    }
}

#[pymethods]
impl PyExchange {
    #[new]
    fn new(py: Python<'_>, spec: &str) -> PyResult<Self> {
        let made = || Exchange::new(&ExchangeSpec::parse(spec)?);
        py.detach(made).map(|exchange| Self(Mutex::new(exchange))).map_err(to_py)
    }

    fn now(&self) -> i64 {
        self.lock().now().0
    }

    fn advance(&self, py: Python<'_>, until_ns: i64) -> PyResult<()> {
        py.detach(|| self.lock().advance(UnixNanos(until_ns))).map_err(to_py)
    }

    fn freeze(&self, until_ns: i64) {
        self.lock().freeze(UnixNanos(until_ns));
    }

    fn push_frame(&self, coin: u16, recv_ns: i64, frame: &[u8]) -> PyResult<()> {
        self.lock().push_frame(coin, UnixNanos(recv_ns), frame).map_err(to_py)
    }

    fn shock(&self, coin: u16, bps: f64) -> PyResult<()> {
        self.lock().shock(coin, bps).map_err(to_py)
    }

    fn inject(&self, coin: u16, rows: &str) -> PyResult<()> {
        self.lock().inject(coin, rows).map_err(to_py)
    }

    fn deposit(&self, user: &str, amount: i64) -> PyResult<()> {
        self.lock().deposit(user, amount).map_err(to_py)
    }

    fn transfer(&self, source: &str, target: &str, amount: i64) -> String {
        refused(self.lock().transfer(source, target, amount))
    }

    fn sub_account(&self, user: &str, address: &str, name: &str) -> String {
        refused(self.lock().sub_account(user, address, name))
    }

    #[pyo3(signature = (user, agent, name, valid_until_ns = None))]
    fn approve_agent(
        &self,
        user: &str,
        agent: &str,
        name: &str,
        valid_until_ns: Option<i64>,
    ) -> String {
        let (address, name) = (agent.to_owned(), name.to_owned());
        let agent = Agent { address, name, valid_until: valid_until_ns };
        refused(self.lock().approve_agent(user, agent))
    }

    fn revoke_agent(&self, user: &str, which: &str) -> bool {
        self.lock().revoke_agent(user, which)
    }

    fn owner(&self, signer: &str) -> Option<String> {
        self.lock().owner(signer).map(str::to_owned)
    }

    fn use_nonce(&self, signer: &str, nonce: u64) -> String {
        refused(self.lock().use_nonce(signer, nonce))
    }

    fn set_limits(&self, user: &str, patch: &str) -> PyResult<()> {
        self.lock().set_limits(user, patch).map_err(to_py)
    }

    fn end_orders(&self, user: &str, coin: u16, status: &str) -> PyResult<usize> {
        self.lock().end_orders(user, coin, status).map_err(to_py)
    }

    fn set_fees(&self, maker: f64, taker: f64) -> PyResult<()> {
        self.lock().set_fees(Fees { maker, taker }).map_err(to_py)
    }

    #[allow(clippy::too_many_arguments)] // What a signed request consists of.
    #[pyo3(signature = (signer, vault, action, nonce, expires_ns = None))]
    fn submit(
        &self,
        signer: &str,
        vault: Option<&str>,
        action: &str,
        nonce: u64,
        expires_ns: Option<i64>,
    ) -> PyResult<u64> {
        let expires = expires_ns.map(UnixNanos);
        self.lock().submit((signer, vault), action, nonce, expires).map_err(to_py)
    }

    fn replies(&self) -> PyResult<String> {
        json(&self.lock().replies())
    }

    fn events(&self) -> PyResult<String> {
        json(&self.lock().events())
    }

    fn book(&self, coin: u16, depth: usize) -> PyResult<String> {
        self.ask(|exchange| exchange.book(coin, depth))
    }

    fn context(&self, coin: u16) -> PyResult<String> {
        self.ask(|exchange| exchange.context(coin))
    }

    fn account(&self, user: &str) -> PyResult<String> {
        self.ask(|exchange| exchange.account(user))
    }

    fn orders(&self, user: &str) -> PyResult<String> {
        self.ask(|exchange| exchange.orders(user))
    }

    #[pyo3(signature = (user, oid = None, cloid = None))]
    fn order(&self, user: &str, oid: Option<u64>, cloid: Option<&str>) -> PyResult<String> {
        self.ask(|exchange| exchange.order(user, oid, cloid))
    }

    fn fills(&self, user: &str, since_ns: i64, limit: usize) -> PyResult<String> {
        self.ask(|exchange| exchange.fills(user, since_ns, limit))
    }

    fn history(&self, user: &str, limit: usize) -> PyResult<String> {
        self.ask(|exchange| exchange.history(user, limit))
    }

    fn fundings(&self, user: &str, since_ns: i64) -> PyResult<String> {
        self.ask(|exchange| exchange.fundings(user, since_ns))
    }

    fn ledger(&self, user: &str, since_ns: i64) -> PyResult<String> {
        self.ask(|exchange| exchange.ledger(user, since_ns))
    }

    fn limits(&self, user: &str) -> PyResult<String> {
        self.ask(|exchange| exchange.limits(user))
    }

    fn agents(&self, user: &str) -> PyResult<String> {
        self.ask(|exchange| exchange.agents(user))
    }

    fn users(&self) -> Vec<String> {
        self.lock().users()
    }

    fn audit(&self, user: &str) -> PyResult<String> {
        self.ask(|exchange| exchange.audit(user))
    }

    fn save<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let state = py.detach(|| self.lock().save()).map_err(to_py)?;
        Ok(PyBytes::new(py, &state))
    }

    #[staticmethod]
    fn restore(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let exchange = py.detach(|| Exchange::restore(data)).map_err(to_py)?;
        Ok(Self(Mutex::new(exchange)))
    }

    fn accepted(&self, user: &str, cloid: &str) -> PyResult<u32> {
        self.lock().accepted(user, cloid).map_err(to_py)
    }
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyExchange>()
}
