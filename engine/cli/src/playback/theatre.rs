//! What a world needs of a workspace, held together: catalog, rules, templates and plugins.

use crate::load::Project;
use crate::playback::Answers;
use staunch_core::Time;
use staunch_core::action::Action;
use staunch_core::decide::{Catalog, Workspace};
use staunch_core::policy::{Live, Stage, StageLimits, StageState};
use staunch_core::score::{ScoreDef, ScoreFailure, ScoreOutcome, ScoreRequest, Scored};
use staunch_core::sim::{Parts, World};
use staunch_core::workflow::Workflow;
use staunch_rules::Rules;
use staunch_scoring::Scorer;
use staunch_worker::MessageRenderer;
use std::cell::RefCell;
use std::sync::Arc;

/// A workspace ready for worlds.
pub struct Theatre<'a> {
    /// Its workflows.
    pub catalog: Catalog,
    project: &'a Project,
    rules: Rules,
    renderer: MessageRenderer,
    /// Scores every row with this number instead of asking the plugins.
    fixed: Option<f64>,
    /// The score of this name is unavailable.
    down: Option<String>,
    answers: RefCell<Answers>,
}

impl<'a> Theatre<'a> {
    /// The workflows of a workspace as they are in its files.
    pub fn new(project: &'a Project, fixed: Option<f64>) -> Theatre<'a> {
        let workflows = project.workflows.iter().cloned().map(Arc::new).collect();
        let renderer = MessageRenderer::new(Arc::clone(&project.templates));
        let catalog = Catalog::new(core_workspace(project), workflows, vec![]);
        Theatre { catalog, project, rules: Rules::new(), renderer, fixed, down: None, answers: RefCell::default() }
    }

    /// The same, but the score of this name is unavailable.
    pub fn without_score(self, name: &str) -> Theatre<'a> {
        Theatre { down: Some(name.to_owned()), ..self }
    }

    /// The same with every workflow changed in this way.
    pub fn with_workflows(self, change: impl Fn(&mut Workflow)) -> Theatre<'a> {
        let changed = |flow: &Arc<Workflow>| {
            let mut flow = Workflow::clone(flow);
            change(&mut flow);
            Arc::new(flow)
        };
        let workflows = self.catalog.current().iter().map(changed).collect();
        let catalog = Catalog::new(self.catalog.workspace.clone(), workflows, vec![]);
        Theatre { catalog, ..self }
    }

    /// Calls `play` with an empty world in which every workflow stands in this stage.
    pub fn world<R>(&self, stage: Stage, play: impl FnOnce(&mut World<'_>) -> R) -> R {
        let score = |request: &ScoreRequest, _: Time| self.answer(request);
        let parts = Parts { catalog: &self.catalog, evaluator: &self.rules, renderer: &self.renderer, score: &score };
        let state = StageState { stage, limits: StageLimits::default() };
        let stages = self.catalog.current().iter().map(|one| (one.name.clone(), state.clone())).collect();
        play(&mut World::new(parts, Live { stages, kills: vec![] }))
    }

    /// What plugins said so far.
    pub fn answers(&self) -> Answers {
        self.answers.borrow().clone()
    }

    fn answer(&self, request: &ScoreRequest) -> ScoreOutcome {
        let outcome = self.ask(request);
        self.answers.borrow_mut().note(&request.plugin, &outcome);
        outcome
    }

    fn ask(&self, request: &ScoreRequest) -> ScoreOutcome {
        let down = self.down.as_ref().is_some_and(|name| {
            let defs = self.catalog.current().iter().flat_map(|flow| &flow.scores);
            defs.into_iter().any(|def| def.name == *name && asks(def, request))
        });
        match self.fixed {
            _ if down => Err(ScoreFailure::new("drill", "down in this drill")),
            Some(value) => Ok(Scored::scalar(value, "fixed")),
            None => self.project.host.score(std::slice::from_ref(request)).remove(0),
        }
    }
}

/// Whether a request is one that this score makes.
pub fn asks(def: &ScoreDef, request: &ScoreRequest) -> bool {
    let names = def.inputs.iter().map(|(_, name)| name);
    def.plugin == request.plugin && names.eq(request.inputs.iter().map(|(name, _)| name))
}

/// The parts of the workspace file that decisions read.
pub fn core_workspace(project: &Project) -> Workspace {
    let file = &project.workspace;
    Workspace {
        name: file.name.clone(),
        schema: file.schema.clone(),
        policy: file.policy.clone(),
        zone: file.zone.clone(),
        audiences: file.audiences.clone(),
        retention: file.retention.clone(),
    }
}

/// Forgets the text and the guards of a finished action: nobody asks for them in a history that only counts.
pub fn forget(action: &mut Action) {
    if !action.state.pending() {
        action.checks = Vec::new();
        action.payload_hash = String::new();
        if let staunch_core::action::Payload::Email { text, html, .. } = &mut action.payload {
            (*text, *html) = (String::new(), None);
        }
    }
}
