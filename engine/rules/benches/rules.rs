//! What a rule costs when 200 names are in reach and three of them are read, beside the same logic in plain Rust over
//! the same map.

use criterion::{Criterion, criterion_group, criterion_main};
use staunch_core::expr::{EvalError, Evaluator, Expr, Root, Scope};
use staunch_core::value::{Money, Value};
use staunch_rules::Rules;
use std::collections::HashMap;
use std::hint::black_box;

/// Values by root and name.
struct Contact(HashMap<Root, HashMap<String, Value>>);

impl Contact {
    /// 200 names, of which the rules below read three.
    fn new(plan: &str) -> Contact {
        let mut names: HashMap<Root, HashMap<String, Value>> = HashMap::new();
        let mut put = |root, name: &str, value| names.entry(root).or_default().insert(name.to_owned(), value);
        put(Root::Contact, "plan", Value::Text(plan.to_owned()));
        put(Root::Contact, "mrr", Value::Money(Money::parse("900 EUR").expect("an amount")));
        put(Root::Feature, "logins_7d", Value::Number(1.0));
        put(Root::Score, "churn", Value::Number(0.9));
        for index in 0..98 {
            put(Root::Contact, &format!("field_{index}"), Value::Text(format!("value {index}")));
            put(Root::Feature, &format!("feature_{index}"), Value::Number(f64::from(index)));
        }
        Contact(names)
    }

    fn value(&self, root: Root, name: &str) -> Option<&Value> {
        self.0.get(&root)?.get(name)
    }
}

impl Scope for Contact {
    fn get(&self, root: Root, name: &str) -> Result<Option<Value>, EvalError> {
        Ok(self.value(root, name).cloned())
    }
}

/// The floor: what `three_conditions` says, by hand.
fn by_hand(contact: &Contact) -> bool {
    let text = matches!(contact.value(Root::Contact, "plan"), Some(Value::Text(plan)) if plan == "trial");
    text && matches!(contact.value(Root::Feature, "logins_7d"), Some(Value::Number(logins)) if *logins < 3.0)
        && matches!(contact.value(Root::Score, "churn"), Some(Value::Number(churn)) if *churn >= 0.8)
}

fn rules(bench: &mut Criterion) {
    let rules = Rules::new();
    let three_conditions = Expr::new("contact.plan == \"trial\" && feature.logins_7d < 3 && score.churn >= 0.8");
    let money = Expr::new("score.churn >= 0.8 && contact.mrr > eur(500)");
    let (trial, pro) = (Contact::new("trial"), Contact::new("pro"));
    assert_eq!(rules.eval(&three_conditions, &trial), Ok(Value::Bool(by_hand(&trial))));
    assert_eq!(rules.eval(&three_conditions, &pro), Ok(Value::Bool(by_hand(&pro))));
    let mut group = bench.benchmark_group("rule");
    group.bench_function("three conditions, all reached", |bench| {
        bench.iter(|| rules.eval(black_box(&three_conditions), black_box(&trial)));
    });
    group.bench_function("three conditions, the first is false", |bench| {
        bench.iter(|| rules.eval(black_box(&three_conditions), black_box(&pro)));
    });
    group.bench_function("two conditions with money", |bench| {
        bench.iter(|| rules.eval(black_box(&money), black_box(&trial)));
    });
    group.bench_function("floor: three conditions by hand", |bench| {
        bench.iter(|| by_hand(black_box(&trial)));
    });
    group.finish();
}

criterion_group!(benches, rules);
criterion_main!(benches);
