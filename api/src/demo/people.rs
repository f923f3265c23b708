//! Who works at the demo desk, who asks there, and what is written down for all.

use allhours_domain::words::{Presence, Tier};

/// An agent.
pub(super) struct Agent {
    pub name: &'static str,
    pub languages: &'static [&'static str],
    pub skills: &'static [(&'static str, u8)],
    pub teams: &'static [&'static str],
    pub presence: Presence,
    pub capacity_units: u32,
}

/// A customer.
pub(super) struct Customer {
    pub name: &'static str,
    pub email: &'static str,
    pub language: &'static str,
    pub tier: Tier,
}

/// An article.
pub(super) struct Article {
    pub title: &'static str,
    pub locale: &'static str,
    pub body: &'static str,
    pub published: bool,
}

pub(super) const ORDERS: &str = "Orders";
pub(super) const TECHNICAL: &str = "Technical";
pub(super) const VIP: &str = "VIP care";

pub(super) const TEAMS: &[&str] = &[ORDERS, TECHNICAL, VIP];

/// The first is who a token for an agent names, then a supervisor's, then an administrator's.
pub(super) const AGENTS: &[Agent] = &[
    agent("Ada Keller", &["en", "de"], &[("orders", 5), ("refunds", 4)], &[ORDERS, VIP]),
    agent("Samir Haddad", &["en", "fr", "ar"], &[("orders", 4), ("escalation", 5)], &[ORDERS]),
    agent("Mei Lin", &["zh", "en"], &[("orders", 4), ("machines", 3)], &[ORDERS, VIP]),
    agent("Kenji Mori", &["ja", "en"], &[("machines", 5)], &[TECHNICAL]),
    agent("Lucía Romero", &["es", "pt", "en"], &[("machines", 4), ("orders", 3)], &[TECHNICAL]),
    agent("Tomasz Nowak", &["pl", "ru", "en"], &[("machines", 5)], &[TECHNICAL]),
    Agent {
        presence: Presence::Away,
        ..agent("Chiara Conti", &["it", "en"], &[("refunds", 5)], &[ORDERS])
    },
    Agent {
        presence: Presence::Offline,
        ..agent("Emre Aydın", &["tr", "en"], &[("machines", 2)], &[TECHNICAL])
    },
];

const fn agent(
    name: &'static str,
    languages: &'static [&'static str],
    skills: &'static [(&'static str, u8)],
    teams: &'static [&'static str],
) -> Agent {
    Agent { name, languages, skills, teams, presence: Presence::Online, capacity_units: 8 }
}

pub(super) const CUSTOMERS: &[Customer] = &[
    customer("Grace Obi", "grace.obi@example.com", "en", Tier::Vip),
    customer("王芳", "wang.fang@example.cn", "zh", Tier::Vip),
    customer("Hans Brandt", "hans.brandt@example.de", "de", Tier::Standard),
    customer("Camille Roux", "camille.roux@example.fr", "fr", Tier::Standard),
    customer("Diego Santos", "diego.santos@example.es", "es", Tier::Standard),
    customer("佐藤 美咲", "misaki.sato@example.jp", "ja", Tier::Standard),
    customer("Анна Смирнова", "anna.smirnova@example.org", "ru", Tier::Standard),
    customer("Giulia Ferri", "giulia.ferri@example.it", "it", Tier::Standard),
    customer("李强", "li.qiang@example.cn", "zh", Tier::New),
    customer("Noah Wright", "noah.wright@example.com", "en", Tier::New),
    customer("Beatriz Lima", "beatriz.lima@example.com.br", "pt", Tier::Standard),
    customer("ليلى منصور", "layla.mansour@example.com", "ar", Tier::Standard),
];

const fn customer(
    name: &'static str,
    email: &'static str,
    language: &'static str,
    tier: Tier,
) -> Customer {
    Customer { name, email, language, tier }
}

pub(super) const ARTICLES: &[Article] = &[
    Article {
        title: "How to send something back",
        locale: "en",
        body: "You may send anything back within 30 days.\n\n1. Ask us for a label.\n2. Put the \
               label on the parcel.\n3. Hand it in at any parcel shop.\n\nWe pay back within five \
               working days after the parcel has arrived.",
        published: true,
    },
    Article {
        title: "咖啡机除垢指南",
        locale: "zh",
        body: "每两个月除垢一次。\n\n1. 将除垢剂倒入水箱。\n2. 长按冲洗键五秒。\n3. 用清水冲洗两次。",
        published: true,
    },
    Article {
        title: "Which beans suit which machine",
        locale: "en",
        body: "Dark roasts suit espresso machines; light roasts suit filters. This article is \
               still being written.",
        published: false,
    },
];
