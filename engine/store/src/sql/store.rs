//! The traits over SQL: every method hands over to the file of its concern.

use super::{
    Db, SqlStore, account, commit, control, dispatch, figures, load, parked, publish, queue, read, retention, review,
    send, standing, suspect,
};
use crate::*;
use staunch_core::account::Account;
use staunch_core::contact::Contact;
use staunch_core::receipt::Decision;
use staunch_core::run::Run;

#[async_trait::async_trait]
impl<D: Db> Store for SqlStore<D> {
    async fn now(&self) -> Result<Time> {
        load::now(&self.db).await
    }

    async fn load(&self, contacts: &[String], events: &[EventKey], accounts: Option<&[String]>) -> Result<Loaded> {
        load::load(&self.db, contacts, events, accounts).await
    }

    async fn commit(&self, changes: &[Change], now: Time) -> Result<Committed> {
        commit::commit(&self.db, changes, now).await
    }

    async fn due(&self, now: Time, limit: u32) -> Result<Vec<String>> {
        load::due(&self.db, now, limit).await
    }

    async fn next_wake(&self) -> Result<Option<Time>> {
        load::next_wake(&self.db).await
    }

    async fn wake_all(&self, now: Time) -> Result<u64> {
        load::wake_all(&self.db, now).await
    }

    async fn publish(&self, workflows: &[Workflow], now: Time) -> Result<()> {
        publish::publish(&self.db, workflows, now).await
    }

    async fn published(&self) -> Result<Published> {
        publish::published(&self.db).await
    }

    async fn publication(&self) -> Result<String> {
        publish::publication(&self.db).await
    }

    async fn standing(&self, workflow: Option<&str>) -> Result<Vec<Standing>> {
        standing::standing(&self.db, workflow).await
    }

    async fn standing_contacts(
        &self,
        workflow: &str,
        except_version: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>> {
        standing::contacts(&self.db, workflow, except_version, after, limit).await
    }

    async fn live(&self) -> Result<Live> {
        control::live_now(&self.db).await
    }

    async fn set_stage(&self, workflow: &str, stage: &StageState, by: &str, now: Time) -> Result<()> {
        control::set_stage(&self.db, workflow, stage, by, now).await
    }

    async fn kill(&self, kill: &Kill, drop: bool, now: Time) -> Result<u64> {
        control::kill(&self.db, kill, drop, now).await
    }

    async fn resume(&self, scope: &KillScope, by: &str, now: Time) -> Result<Option<Released>> {
        control::resume(&self.db, scope, by, now).await
    }

    async fn begin_sends(&self, claim: &Claim, gate: &dyn Gate) -> Result<Vec<Sending>> {
        dispatch::begin_sends(&self.db, claim, gate).await
    }

    async fn begin_calls(&self, claimed: &[(&str, i64)]) -> Result<HashSet<String>> {
        send::begin_calls(&self.db, claimed).await
    }

    async fn end_send(&self, action: &str, fence: i64, end: &SendEnd, now: Time) -> Result<bool> {
        send::end_send(&self.db, action, fence, end, now).await
    }

    async fn recover(
        &self,
        now: Time,
        repeatable: &(dyn for<'a> Fn(&'a StoredAction) -> bool + Sync),
    ) -> Result<Recovered> {
        send::recover(&self.db, now, repeatable).await
    }

    async fn expire(&self, now: Time) -> Result<u64> {
        send::expire(&self.db, now).await
    }

    async fn next_action(&self) -> Result<Option<Time>> {
        send::next_action(&self.db).await
    }

    async fn review(&self, action: &str, verdict: &ReviewVerdict, now: Time) -> Result<ReviewEnd> {
        review::review(&self.db, action, verdict, now).await
    }

    async fn actions(&self, filter: &ActionFilter) -> Result<Vec<StoredAction>> {
        read::actions(&self.db, filter).await
    }

    async fn action(&self, id: &str) -> Result<Option<StoredAction>> {
        read::action(&self.db, id).await
    }

    async fn outcomes(&self, action: &str) -> Result<Vec<ActionOutcome>> {
        read::outcomes(&self.db, action).await
    }

    async fn decisions(&self, contact: &str, workflow: Option<&str>) -> Result<Vec<Decision>> {
        read::decisions(&self.db, contact, workflow).await
    }

    async fn decisions_since(&self, since: Time, after: Option<&str>, limit: u32) -> Result<Vec<Decision>> {
        read::decisions_since(&self.db, since, after, limit).await
    }

    async fn contact(&self, id: &str) -> Result<Option<(Contact, i64)>> {
        read::contact(&self.db, id).await
    }

    async fn runs(&self, contact: &str) -> Result<Vec<Run>> {
        read::runs(&self.db, contact).await
    }

    async fn summary(&self) -> Result<Summary> {
        read::summary(&self.db).await
    }

    async fn exposures(&self, workflow: &str) -> Result<Vec<Exposure>> {
        read::exposures(&self.db, workflow).await
    }

    async fn goals(&self, workflow: &str) -> Result<Vec<(String, Option<Time>)>> {
        read::goals(&self.db, workflow).await
    }

    async fn crossed(&self, workflow: &str) -> Result<u64> {
        read::crossed(&self.db, workflow).await
    }

    async fn account(&self, id: &str) -> Result<Option<Account>> {
        account::one(&self.db, id).await
    }

    async fn park(&self, parked: &[Parked]) -> Result<()> {
        parked::park(&self.db, parked).await
    }

    async fn parked(&self, limit: u32) -> Result<Vec<Parked>> {
        parked::list(&self.db, limit).await
    }

    async fn parked_one(&self, id: &str) -> Result<Option<Parked>> {
        parked::one(&self.db, id).await
    }

    async fn unpark(&self, id: &str) -> Result<bool> {
        parked::unpark(&self.db, id).await
    }

    async fn expendable(&self, class: Class, before: Time, after: &str, limit: u32) -> Result<Vec<Expendable>> {
        retention::expendable(&self.db, class, before, after, limit).await
    }

    async fn discard(
        &self,
        class: Class,
        before: Time,
        rows: &[Expendable],
        open: &(dyn for<'a> Fn(&'a Run) -> bool + Sync),
    ) -> Result<u64> {
        retention::discard(&self.db, class, before, rows, open).await
    }

    async fn figures(&self) -> Result<Figures> {
        figures::figures(&self.db).await
    }

    fn connects(&self) -> u64 {
        self.db.connects()
    }

    async fn begin_suspect(&self, id: &str, worker: &str, ended: &[String], now: Time) -> Result<Suspicion> {
        suspect::begin(&self.db, id, worker, ended, now).await
    }

    async fn end_suspects(&self, ended: &[String], now: Time) -> Result<()> {
        suspect::end(&self.db, ended, now).await
    }

    async fn forget_suspect(&self, id: &str) -> Result<()> {
        suspect::forget(&self.db, id).await
    }

    async fn ping(&self) -> Result<()> {
        read::ping(&self.db).await
    }
}

#[async_trait::async_trait]
impl<D: Db> Queue for SqlStore<D> {
    async fn push(&self, messages: &[Message], now: Time) -> Result<()> {
        queue::push(&self.db, messages, now).await
    }

    async fn take(&self, limit: u32, lease: Span, now: Time) -> Result<Vec<Taken>> {
        queue::take(&self.db, limit, lease, now).await
    }

    async fn ack(&self, ids: &[i64]) -> Result<()> {
        queue::ack(&self.db, ids).await
    }

    async fn release(&self, ids: &[i64]) -> Result<()> {
        queue::release(&self.db, ids).await
    }

    async fn depth(&self) -> Result<u64> {
        queue::depth(&self.db).await
    }
}
