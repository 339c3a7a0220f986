//! Every stable code that a user can meet, in one visible list. A code never changes its meaning.
//!
//! Each line is a constant with what it means; its page (why, what to do next, an example) stands in
//! `engine/core/src/explain`.

/// A stable code.
pub type Code = &'static str;

/// Declares the constants, and the same list as data: name, code, meaning.
macro_rules! codes {
    ($($(#[doc = $means:literal])+ pub const $name:ident: Code = $code:literal;)+) => {
        $($(#[doc = $means])+ pub const $name: Code = $code;)+

        /// Every code in order: name, code, what it means.
        pub(crate) const LIST: &[(&str, Code, &str)] = &[$((stringify!($name), $code, concat!($($means),+)),)+];
    };
}

codes! {
// ST1xxx — files and expressions.
/// The file is not YAML.
pub const YAML_SYNTAX: Code = "ST1001";
/// Anchors and aliases are not used in these files. Write the value out.
pub const YAML_ALIAS: Code = "ST1002";
/// Tags are not used in these files.
pub const YAML_TAG: Code = "ST1003";
/// Merge keys are not used in these files.
pub const YAML_MERGE: Code = "ST1004";
/// The same key stands twice in a mapping.
pub const DUPLICATE_KEY: Code = "ST1005";
/// A key that some YAML readers take for true or false: on, off, yes, no, y, n.
pub const BOOLISH_KEY: Code = "ST1006";
/// The file is too large or too deep.
pub const YAML_LIMIT: Code = "ST1007";
/// The file is not UTF-8.
pub const NOT_UTF8: Code = "ST1008";
/// A file holds exactly one document, and that is a mapping with text keys.
pub const NOT_A_DOCUMENT: Code = "ST1009";
/// An expression stands inside `{ }` or `[ ]`. Write the mapping as a block.
pub const EXPRESSION_IN_FLOW: Code = "ST1010";
/// The first key says no kind of file that is known here.
pub const UNKNOWN_FILE_KIND: Code = "ST1011";
/// The workspace has no `staunch.yaml`, or it cannot be used.
pub const NO_WORKSPACE: Code = "ST1012";
/// Something that looks like a file of the workspace and is none, so that it is not read.
pub const NOT_A_FILE: Code = "ST1013";
/// A key that has no meaning here.
pub const UNKNOWN_KEY: Code = "ST1020";
/// A key that has to be there.
pub const MISSING_KEY: Code = "ST1021";
/// A value of another type than the key takes.
pub const WRONG_TYPE: Code = "ST1022";
/// A percentage, duration or amount of money without its unit.
pub const NEEDS_UNIT: Code = "ST1023";
/// A value that is not one of those that the key takes.
pub const BAD_VALUE: Code = "ST1024";
/// A number beyond what the key takes.
pub const OUT_OF_RANGE: Code = "ST1025";
/// Part of the language, and not available in this version.
pub const NOT_AVAILABLE: Code = "ST1026";
/// An id that another thing of the same kind has already.
pub const DUPLICATE_ID: Code = "ST1027";
/// A secret in the file. Refer to it as `env:NAME` or `file:PATH`.
pub const PLAIN_SECRET: Code = "ST1028";
/// A choice without `else`, or a wait for an event without both ends.
pub const OPEN_END: Code = "ST1029";
/// An event that is neither declared nor built in.
pub const UNKNOWN_EVENT: Code = "ST1030";
/// A purpose that is not declared.
pub const UNKNOWN_PURPOSE: Code = "ST1031";
/// A template that is not there.
pub const UNKNOWN_TEMPLATE: Code = "ST1032";
/// A role that is not declared.
pub const UNKNOWN_ROLE: Code = "ST1033";
/// A connector that is not declared.
pub const UNKNOWN_CONNECTOR: Code = "ST1034";
/// An audience that is not declared.
pub const UNKNOWN_AUDIENCE: Code = "ST1035";
/// A step that the workflow does not have.
pub const UNKNOWN_STEP: Code = "ST1037";
/// A workflow that the workspace does not have.
pub const UNKNOWN_WORKFLOW: Code = "ST1038";
/// A field, feature or score that is not declared, outside of an expression.
pub const UNKNOWN_FIELD: Code = "ST1039";
/// The expression cannot be read.
pub const EXPR_SYNTAX: Code = "ST1040";
/// The expression is empty.
pub const EXPR_EMPTY: Code = "ST1041";
/// A name in an expression that is not declared.
pub const EXPR_UNKNOWN_NAME: Code = "ST1042";
/// Values of types that do not go together.
pub const EXPR_TYPES: Code = "ST1043";
/// A value that may be missing is used without `??`.
pub const EXPR_NO_DEFAULT: Code = "ST1044";
/// A construct that expressions do not have.
pub const EXPR_FORBIDDEN: Code = "ST1045";
/// The expression gives another type than its place takes.
pub const EXPR_RESULT: Code = "ST1046";
/// A function that does not exist.
pub const EXPR_UNKNOWN_FUNCTION: Code = "ST1047";
/// A root that has no meaning at this place, such as `event` in a step.
pub const EXPR_NO_PLACE: Code = "ST1048";
/// The expression is too long or too deep.
pub const EXPR_LIMIT: Code = "ST1049";
/// Features that need each other.
pub const FEATURE_CYCLE: Code = "ST1050";
/// A step or case that can never be reached.
pub const UNREACHABLE: Code = "ST1051";
/// A workflow whose own actions start it again.
pub const OWN_TRIGGER: Code = "ST1052";
/// A substitute for a score can reach an effect and nobody accepted the risk.
pub const RISKY_SUBSTITUTE: Code = "ST1053";
/// A protected field is an input of a score.
pub const PROTECTED_INPUT: Code = "ST1054";
/// A personal field is an input of a score.
pub const PERSONAL_INPUT: Code = "ST1055";
/// A workflow without a consent purpose.
pub const NO_PURPOSE: Code = "ST1056";
/// Part of the language that is checked here and not enforced by this version. Do not rely on it yet.
pub const NOT_ENFORCED: Code = "ST1060";
/// A rule of the policy that contradicts itself or the workspace.
pub const POLICY_CONTRADICTION: Code = "ST1061";
/// A rule of the policy that binds nothing as things are.
pub const POLICY_IDLE: Code = "ST1062";
/// A rollout whose stages do not follow each other.
pub const ROLLOUT_ORDER: Code = "ST1063";
/// Something that is declared and that nothing uses.
pub const UNUSED: Code = "ST1070";
/// A wait, breaker or kill rule for an outcome that no step of the workflow can have.
pub const NO_OUTCOME: Code = "ST1071";
/// A split whose arms make no difference.
pub const IDLE_SPLIT: Code = "ST1072";
/// A message that reaches people without the approval that others of the workflow need.
pub const REVIEW_BYPASS: Code = "ST1073";
/// Arms of a split that are not everybody together.
pub const SPLIT_SHARES: Code = "ST1074";
/// A schedule that cannot be read, or never ticks.
pub const BAD_SCHEDULE: Code = "ST1075";
/// Two workflows reach the same people in the same way, and nothing says which goes first.
pub const CONTRADICTING: Code = "ST1076";
/// A cap that more important workflows use up whenever this one starts.
pub const STARVED: Code = "ST1077";
/// Workflows that start each other in a circle.
pub const TRIGGER_CYCLE: Code = "ST1078";
/// A kill rule or breaker whose signal nothing brings.
pub const NO_SIGNAL: Code = "ST1079";

// ST2xxx — events and parking.
/// The body is not valid UTF-8. Have the producer send UTF-8 and replay it.
pub const EVENT_NOT_UTF8: Code = "ST2001";
/// The body is not JSON. Mend it and replay it.
pub const EVENT_NOT_JSON: Code = "ST2002";
/// The event lacks a part of its envelope, or has one of the wrong kind.
pub const EVENT_SHAPE: Code = "ST2003";
/// The event has no id, so it could not be handled only once.
pub const EVENT_NO_ID: Code = "ST2004";
/// The event names no contact.
pub const EVENT_NO_CONTACT: Code = "ST2005";
/// The time is missing or not RFC 3339.
pub const EVENT_TIME: Code = "ST2006";
/// The time lies more than a day ahead of the clock. Mend the producer's clock.
pub const EVENT_FUTURE: Code = "ST2007";
/// The time lies more than 35 days back. Import it with `staunch ingest --history`.
pub const EVENT_OLD: Code = "ST2008";
/// A declared field is missing or of the wrong type. Mend the event or the declaration.
pub const EVENT_FIELD: Code = "ST2009";
/// The body is larger than 1 MB. Send the large part elsewhere.
pub const EVENT_TOO_LARGE: Code = "ST2010";
/// The event failed again and again, or crashed the worker. Look at the cause and replay it.
pub const EVENT_POISON: Code = "ST2011";

// ST3xxx — scoring, models, plugins.
/// The plugin's file cannot be read. Build it or put it back, then `staunch lock`.
pub const PLUGIN_MISSING: Code = "ST3001";
/// The plugin's sha256 is not the pinned one. If the change is meant, run `staunch lock`.
pub const PLUGIN_DIGEST: Code = "ST3002";
/// The plugin is not in `staunch.lock`. Run `staunch lock`.
pub const PLUGIN_UNLOCKED: Code = "ST3003";
/// The plugin crashed (trap). Score the row by itself with `staunch plugin score`.
pub const PLUGIN_TRAP: Code = "ST3004";
/// The plugin used more instructions than a batch may.
pub const PLUGIN_FUEL: Code = "ST3005";
/// The plugin took longer than a batch may.
pub const PLUGIN_DEADLINE: Code = "ST3006";
/// The plugin's answer breaks the contract: count, range, not finite, too many or too long reasons.
pub const PLUGIN_OUTPUT: Code = "ST3007";
/// The component imports something; plugins are pure and import nothing.
pub const PLUGIN_IMPORTS: Code = "ST3008";
/// The component is larger than a plugin may be: bytes, functions, one function's body.
pub const PLUGIN_TOO_LARGE: Code = "ST3009";
/// The file is not a component of our world.
pub const PLUGIN_INVALID: Code = "ST3010";
/// The plugin failed several times in a row and rests for a while.
pub const PLUGIN_TRIPPED: Code = "ST3011";
/// The inputs that a workflow gives do not match those that the plugin reads.
pub const PLUGIN_INPUTS: Code = "ST3012";
/// The plugin refused a whole batch with an error of its own.
pub const PLUGIN_REFUSED: Code = "ST3013";
/// The plugin gives no answer for this row, and says why.
pub const PLUGIN_DECLINED: Code = "ST3014";
/// The plugin's answer has another shape than its manifest says (scalar, classes, ranking).
pub const PLUGIN_SHAPE: Code = "ST3015";
/// `staunch.lock` cannot be read.
pub const LOCK_INVALID: Code = "ST3016";
/// The plugin needs more memory, tables or instances than it may have.
pub const PLUGIN_LIMITS: Code = "ST3017";
/// The plugin's manifest contradicts itself, or `staunch.lock`.
pub const PLUGIN_MANIFEST: Code = "ST3018";
/// Compiling the plugin took more time or memory than it may, or ended without a result.
pub const PLUGIN_COMPILE: Code = "ST3030";
/// The plugin is built for a major version of the contract that this version does not take.
pub const PLUGIN_CONTRACT: Code = "ST3031";
/// Too many calls of plugins wait for one another already.
pub const PLUGIN_BUSY: Code = "ST3032";
/// The plugin has no signature, and the workspace takes only signed ones.
pub const PLUGIN_UNSIGNED: Code = "ST3040";
/// The plugin was signed by a key that the workspace does not trust.
pub const PLUGIN_KEY: Code = "ST3041";
/// The plugin's signature is wrong, cannot be read, or is of another key than `staunch.lock` says.
pub const PLUGIN_SIGNATURE: Code = "ST3042";
/// A training table cannot be read.
pub const MODEL_TABLE: Code = "ST3101";
/// A training table is too small or one-sided to train or to evaluate on.
pub const MODEL_TOO_LITTLE: Code = "ST3102";
/// The training found no solution.
pub const MODEL_TRAINING: Code = "ST3103";
/// A model file cannot be read or contradicts itself.
pub const MODEL_INVALID: Code = "ST3104";
/// A model cannot be compiled into a plugin.
pub const MODEL_COMPILE: Code = "ST3105";
/// A file of golden vectors cannot be read.
pub const GOLDEN_INVALID: Code = "ST3106";
/// A model file of another library has a part that no model of ours can express.
pub const MODEL_UNSUPPORTED: Code = "ST3107";
/// A model file is larger than one may be.
pub const MODEL_TOO_LARGE: Code = "ST3108";

// ST4xxx — store.
/// The database does not answer or refuses. Check that it runs and that the URL is right.
pub const STORE_DATABASE: Code = "ST4001";
/// A stored row cannot be read. Restore it from a backup, or report it with table and key.
pub const STORE_CORRUPT: Code = "ST4002";
/// The same action id came with another payload. Nothing was sent; report it.
pub const STORE_PAYLOAD: Code = "ST4003";

// ST5xxx — broker.
/// The broker's address cannot be used. Correct it in `staunch.yaml` or in the variable that it refers to.
pub const BROKER_URL: Code = "ST5001";
/// The broker cannot be reached. Check that it runs and that user, password and virtual host are right.
pub const BROKER_UNREACHABLE: Code = "ST5002";
/// The broker refuses our exchanges or queues. Delete the one with other settings, or choose another prefix.
pub const BROKER_SETUP: Code = "ST5003";
/// The broker did not confirm what was published. Publish again; what arrived twice is handled once.
pub const BROKER_UNCONFIRMED: Code = "ST5004";
/// What was published reaches no queue. Bind the queue to the exchange.
pub const BROKER_UNROUTABLE: Code = "ST5005";
/// The broker is closed: the process is stopping.
pub const BROKER_CLOSED: Code = "ST5006";
/// A policy or an argument of a queue would lose events. Remove it, or exclude our queues from its pattern.
pub const BROKER_POLICY: Code = "ST5007";
/// RabbitMQ's management plugin cannot be read. Check address and login.
pub const BROKER_MANAGEMENT: Code = "ST5008";

// ST6xxx — channels.
/// A channel's settings cannot work. Correct them in `staunch.yaml`; `staunch doctor` checks them.
pub const CHANNEL_SETUP: Code = "ST6001";
/// The action does not fit the connector. Name another connector in the step.
pub const CHANNEL_PAYLOAD: Code = "ST6002";
/// The contact's address is missing or no address. Correct the contact.
pub const CHANNEL_ADDRESS: Code = "ST6003";
/// A line that becomes a header holds line breaks, control characters or overrides of direction.
pub const CHANNEL_HEADER: Code = "ST6004";
/// The mail server cannot be reached, or the login failed. It is tried again.
pub const SMTP_UNREACHABLE: Code = "ST6101";
/// The mail server asks to come back later (4xx). It is tried again.
pub const SMTP_DEFERRED: Code = "ST6102";
/// The mail server refused the mail for good (5xx).
pub const SMTP_REFUSED: Code = "ST6103";
/// The line broke after the mail's content went out. Look for the Message-ID in the server's log.
pub const SMTP_DOUBT: Code = "ST6104";
/// A mail cannot be written to the outbox. Check the disk and the folder's rights.
pub const OUTBOX_WRITE: Code = "ST6105";
/// The webhook cannot be reached. It is tried again.
pub const WEBHOOK_UNREACHABLE: Code = "ST6201";
/// The webhook asks to come back later, or failed (429, 5xx). It is tried again.
pub const WEBHOOK_DEFERRED: Code = "ST6202";
/// The webhook refused the task or request for good (3xx, 4xx).
pub const WEBHOOK_REFUSED: Code = "ST6203";
/// The webhook may or may not have taken the task or request. Look for it on the other side.
pub const WEBHOOK_DOUBT: Code = "ST6204";
/// The webhook's host has an address that must not be reached. Correct the host, or allow it in the connector.
pub const WEBHOOK_ADDRESS: Code = "ST6205";
/// A template file cannot be used.
pub const TEMPLATE_INVALID: Code = "ST6301";
/// There is no such template, or it makes another kind of message.
pub const TEMPLATE_UNKNOWN: Code = "ST6302";
/// A value that the template needs is missing or does not fit.
pub const TEMPLATE_VALUE: Code = "ST6303";
/// The template works too long or makes too much text.
pub const TEMPLATE_FUEL: Code = "ST6304";
/// A template includes what is no block, or a block that is not there. Blocks are the files of `templates/blocks`.
pub const TEMPLATE_BLOCK: Code = "ST6305";

// ST7xxx — command line.
/// The same contacts were changed by others again and again. It is tried again by itself.
pub const WORKER_CONTENDED: Code = "ST7001";
/// A task of the worker broke down. Its messages are handled one by one; look at the log.
pub const WORKER_PANIC: Code = "ST7002";
/// The bytes of an over-long input could not be written to a file. Check space and permissions.
pub const WORKER_PARKED_FILE: Code = "ST7003";
/// A step names a connector that does not exist. `staunch check` finds this.
pub const WORKER_NO_CONNECTOR: Code = "ST7004";
/// A channel did not answer within the lease: the send is in doubt and never repeated by itself.
pub const WORKER_LEASE: Code = "ST7005";
/// Runs were to move to a version that is not published. Publish it first.
pub const WORKER_VERSION: Code = "ST7006";
/// Decisions could not be written to the archive, so they were not deleted. Check space and permissions.
pub const WORKER_ARCHIVE: Code = "ST7007";
/// A command was used in a way that it does not know. `--help` shows how.
pub const CLI_USAGE: Code = "ST7010";
/// A file cannot be read or written.
pub const CLI_FILE: Code = "ST7011";
/// A step failed: of the worker, or of another program that a command runs. Nothing is lost.
pub const CLI_STEP: Code = "ST7012";
/// The workspace has problems. `staunch check` lists them.
pub const CLI_CHECK: Code = "ST7013";
/// A secret or connection that the workspace names is not set.
pub const CLI_SECRET: Code = "ST7014";
/// Another process runs this embedded workspace.
pub const CLI_LOCKED: Code = "ST7015";
/// What was asked for does not exist here.
pub const CLI_UNKNOWN: Code = "ST7016";
/// The person is not in the role that decides.
pub const CLI_ROLE: Code = "ST7017";
/// The message changed after it was looked at. Look again.
pub const CLI_CHANGED: Code = "ST7018";
/// No port is free. Name another one with `--port`.
pub const CLI_PORT: Code = "ST7019";
/// New texts alone do not fit people under way: the steps are not the same. Keep, move or end them.
pub const CLI_SHAPE: Code = "ST7020";
/// A backup cannot be made, or cannot be used. Nothing was changed.
pub const CLI_BACKUP: Code = "ST7021";

// ST75xx — HTTP.
/// Nothing is at this address, or no action of that id was sent there. `GET /` lists what is here.
pub const HTTP_NOT_FOUND: Code = "ST7501";
/// The address is known, the method is not one that it takes.
pub const HTTP_METHOD: Code = "ST7502";
/// A parameter has a value that it does not take.
pub const HTTP_PARAMETER: Code = "ST7503";
/// A change has to come as JSON, or from a page of this server.
pub const HTTP_ORIGIN: Code = "ST7504";
/// The answer took too long, or the body did not come. Try again.
pub const HTTP_TIMEOUT: Code = "ST7505";
/// The HTTP server ended.
pub const HTTP_SERVER: Code = "ST7506";
}
