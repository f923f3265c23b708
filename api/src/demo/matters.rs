//! What the demo's customers ask about, and how far each matter has come.

use allhours_domain::{
    conversation::{Conversation, command},
    ids::{ConversationId, MessageId},
    text::{Language, MessageText, Subject, Tag},
    words::{Channel, Priority, ResolutionKind, WaitingOn},
};
use allhours_eventstore::log::Log;
use jiff::ToSpan;

use super::{
    DemoError, Making, agent_id, customer_id,
    people::{AGENTS, CUSTOMERS, ORDERS, TECHNICAL, VIP},
};
use crate::{clock, desk::Done};

/// Something that happened in a conversation. Agents are numbered as in [`AGENTS`].
enum Step {
    Customer(&'static str),
    Agent(usize, &'static str),
    Note(usize, &'static str),
    Claim(usize),
    Tag(&'static str),
    Wait(WaitingOn),
    Snooze(i64),
    Resolve(ResolutionKind),
    Close,
}

use Step::{Agent, Claim, Close, Customer, Note, Resolve, Snooze, Wait};

/// A conversation. Customers are numbered as in [`CUSTOMERS`].
pub(super) struct Matter {
    customer: usize,
    channel: Channel,
    subject: &'static str,
    priority: Priority,
    team: Option<&'static str>,
    steps: &'static [Step],
}

const fn matter(
    customer: usize,
    channel: Channel,
    subject: &'static str,
    priority: Priority,
    team: Option<&'static str>,
    steps: &'static [Step],
) -> Matter {
    Matter { customer, channel, subject, priority, team, steps }
}

pub(super) const MATTERS: &[Matter] = &[
    matter(
        0,
        Channel::Email,
        "Order 1042 has not arrived",
        Priority::High,
        Some(VIP),
        &[
            Customer("Hello, my order 1042 should have been here on Monday. Where is it?"),
            Agent(
                0,
                "I am sorry, Grace. The carrier has it in Leeds; it should be with you tomorrow.",
            ),
            Customer("It is tomorrow evening now and nothing has come."),
            Step::Tag("delivery"),
        ],
    ),
    matter(
        1,
        Channel::Wechat,
        "咖啡机漏水",
        Priority::Urgent,
        Some(VIP),
        &[
            Customer("你好，我上周买的咖啡机一直漏水，台面都湿了。"),
            Customer("请问可以换一台新的吗？"),
            Step::Tag("漏水"),
        ],
    ),
    matter(
        2,
        Channel::Email,
        "Falsche Bohnen geliefert",
        Priority::Normal,
        Some(ORDERS),
        &[
            Customer("Ich habe Espresso bestellt, aber Filterkaffee bekommen."),
            Agent(0, "Das tut mir leid. Ich schicke Ihnen heute die richtigen Bohnen."),
            Resolve(ResolutionKind::Assumed),
        ],
    ),
    matter(
        3,
        Channel::Chat,
        "Changer l'adresse de livraison",
        Priority::Normal,
        Some(ORDERS),
        &[Customer("Bonjour, puis-je changer l'adresse de livraison de ma commande ?"), Claim(1)],
    ),
    matter(
        4,
        Channel::Whatsapp,
        "La máquina no calienta",
        Priority::High,
        Some(TECHNICAL),
        &[
            Customer("Mi cafetera no calienta el agua desde ayer."),
            Agent(4, "Gracias por avisar. ¿Se enciende la luz roja al pulsar el botón?"),
            Wait(WaitingOn::Customer),
            Step::Tag("heating"),
        ],
    ),
    matter(
        5,
        Channel::Email,
        "エラーコード E7 について",
        Priority::Normal,
        Some(TECHNICAL),
        &[
            Customer("コーヒーメーカーに「E7」と表示されて動きません。どうすればよいですか。"),
            Note(3, "E7 is the grinder sensor; parts are on order."),
            Agent(
                3,
                "ご連絡ありがとうございます。部品を取り寄せておりますので、三日ほどお待ちください。",
            ),
            Wait(WaitingOn::ThirdParty),
        ],
    ),
    matter(
        6,
        Channel::Telegram,
        "Возврат денег",
        Priority::Normal,
        Some(ORDERS),
        &[Customer("Здравствуйте! Когда вернут деньги за отменённый заказ?")],
    ),
    matter(
        7,
        Channel::Email,
        "Fattura mancante",
        Priority::Low,
        Some(ORDERS),
        &[
            Customer("Buongiorno, non ho ricevuto la fattura dell'ultimo ordine."),
            Agent(6, "Buongiorno Giulia, la fattura è in allegato."),
            Customer("Ricevuta, grazie mille!"),
            Agent(6, "Di nulla, buona giornata!"),
            Resolve(ResolutionKind::Confirmed),
            Close,
        ],
    ),
    matter(
        8,
        Channel::Wechat,
        "第一次下单",
        Priority::Normal,
        None,
        &[Customer("我是新客户，请问首单有优惠吗？")],
    ),
    matter(
        9,
        Channel::Form,
        "Cannot sign in",
        Priority::Normal,
        Some(TECHNICAL),
        &[
            Customer("I made an account this morning but the site does not accept my password."),
            Agent(5, "Welcome, Noah. I have sent you a link to set a new one."),
            Resolve(ResolutionKind::Assumed),
        ],
    ),
    matter(
        10,
        Channel::Whatsapp,
        "Assinatura mensal",
        Priority::Normal,
        Some(ORDERS),
        &[
            Customer("Quero mudar a minha assinatura de duas para três embalagens por mês."),
            Step::Tag("subscription"),
        ],
    ),
    matter(
        11,
        Channel::Chat,
        "استفسار عن الشحن",
        Priority::Normal,
        Some(ORDERS),
        &[Customer("مرحبا، هل تشحنون إلى عمّان؟ وكم تستغرق الشحنة؟"), Claim(1)],
    ),
    matter(
        0,
        Channel::Phone,
        "Descaling before the party",
        Priority::Normal,
        Some(VIP),
        &[
            Customer("My machine asks for descaling; can I still use it on Saturday?"),
            Agent(0, "You can; descale it on Sunday. I shall remind you."),
            Snooze(48),
        ],
    ),
    matter(
        1,
        Channel::Email,
        "发票抬头",
        Priority::Low,
        Some(VIP),
        &[
            Customer("请把发票抬头改成公司名称，谢谢。"),
            Agent(2, "王女士您好，已经为您修改，新发票已发送到您的邮箱。"),
            Resolve(ResolutionKind::Confirmed),
        ],
    ),
    matter(
        2,
        Channel::Chat,
        "Mahlwerk zu laut",
        Priority::Normal,
        Some(TECHNICAL),
        &[Customer("Seit dem Update ist das Mahlwerk viel lauter als vorher.")],
    ),
    matter(
        3,
        Channel::Email,
        "Colis abîmé",
        Priority::High,
        Some(ORDERS),
        &[
            Customer("Le colis est arrivé ouvert et deux paquets manquent."),
            Note(1, "Second damaged parcel from this carrier this week."),
            Step::Tag("damaged"),
        ],
    ),
    matter(
        8,
        Channel::Wechat,
        "快递地址写错了",
        Priority::High,
        Some(ORDERS),
        &[Customer("我刚才下的订单地址写错了，能帮我改一下吗？订单号是 2077。"), Claim(2)],
    ),
    matter(
        9,
        Channel::Chat,
        "Student discount",
        Priority::Low,
        None,
        &[
            Customer("Do you have a discount for students?"),
            Agent(0, "We do: 10 % with a student card. Send us a photo of it."),
            Wait(WaitingOn::Customer),
        ],
    ),
    matter(
        4,
        Channel::Email,
        "Pedido duplicado",
        Priority::Normal,
        Some(ORDERS),
        &[Customer("Me han cobrado dos veces el mismo pedido.")],
    ),
    matter(
        5,
        Channel::Chat,
        "豆の保存方法",
        Priority::Low,
        None,
        &[
            Customer("コーヒー豆は冷蔵庫で保存したほうがいいですか。"),
            Agent(3, "密閉容器に入れて、涼しく暗い場所での保存をおすすめします。"),
            Resolve(ResolutionKind::Assumed),
            Close,
        ],
    ),
];

impl<L: Log> Making<'_, L> {
    pub(super) async fn conversation(&self, matter: &Matter) -> Result<Done, DemoError> {
        let context = self.context(&format!("conversation {}", matter.subject));
        let name = format!("conversation:{}", matter.subject);
        let id = ConversationId(clock::derived_id(self.tenant.0, &name));
        let person = &CUSTOMERS[matter.customer];
        let open = command::Open {
            id,
            customer: customer_id(self.tenant, person.name),
            channel: matter.channel,
            subject: Some(Subject::new(matter.subject)?),
            language: Some(Language::new(person.language)?),
            tier: person.tier,
            priority: matter.priority,
            team: matter.team.map(|team| self.team_id(team)),
        };
        let mut unit = self.desk.unit(&context).with::<Conversation>(id.0, open);
        for (number, step) in matter.steps.iter().enumerate() {
            let message = MessageId(clock::derived_id(id.0, &format!("message:{number}")));
            unit = unit.with::<Conversation>(id.0, self.command(matter, step, message)?);
        }
        Ok(unit.commit().await?)
    }

    fn command(
        &self,
        matter: &Matter,
        step: &Step,
        message: MessageId,
    ) -> Result<command::ConversationCommand, DemoError> {
        let agent = |number: usize| agent_id(self.tenant, AGENTS[number].name);
        let language = || Language::new(CUSTOMERS[matter.customer].language);
        Ok(match *step {
            Customer(text) => command::ReceiveCustomerMessage {
                message,
                text: MessageText::new(text)?,
                channel: matter.channel,
                language: Some(language()?),
                intake: None,
                at: self.now,
                reopen_within_hours: 72,
            }
            .into(),
            Agent(number, text) => command::Reply {
                message,
                agent: agent(number),
                text: MessageText::new(text)?,
                channel: matter.channel,
            }
            .into(),
            Note(number, text) => command::AddNote {
                message,
                agent: agent(number),
                text: MessageText::new(text)?,
                mentions: Vec::new(),
            }
            .into(),
            Claim(number) => command::Claim { agent: agent(number) }.into(),
            Step::Tag(tag) => command::AddTag { tag: Tag::new(tag)? }.into(),
            Wait(on) => command::Wait { on }.into(),
            Snooze(hours) => {
                command::Snooze { until: self.now + hours.hours(), at: self.now }.into()
            }
            Resolve(kind) => command::Resolve { kind, at: self.now }.into(),
            Close => command::Close {}.into(),
        })
    }
}
