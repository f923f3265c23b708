//! A sentence is found by its words in another form, in each language, and by no other word.

use allhours_domain::text::Language;

use super::support::Desk;

/// Language, a sentence, words that find it, words that do not.
type Case = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "en",
        "I have been waiting for my refunds since the parcels were delivered.",
        &["refund", "waits", "DELIVERING parcel", "\"my refund\"", "deliv*", "waiting refunded"],
        &["invoice", "refund invoice", "\"refund my\"", "invo*"],
    ),
    (
        "zh",
        "我昨天在八达岭长城买的门票还没有退款，请尽快处理。",
        &["退款", "长城门票", "我想退款", "请问门票怎么退款", "尽快", "八达岭", "門票", "儘快處理"],
        &["发票", "退货", "快递"],
    ),
    (
        "ja",
        "注文した商品がまだ届きません。キャンセルして返金してください。",
        &["注文", "返金", "届きました", "キャンセルしたい", "ｷｬﾝｾﾙ", "商品の返金", "届く"],
        &["配送", "請求書", "アカウント"],
    ),
    (
        "ko",
        "주문한 상품을 아직 받지 못했어요. 환불을 요청합니다.",
        &["환불", "환불은", "상품", "주문", "환불요청", "요청하다"],
        &["배송", "영수증", "계정"],
    ),
    (
        "th",
        "ฉันต้องการคืนสินค้าและขอเงินคืนโดยเร็ว",
        &["คืนสินค้า", "สินค้า", "เงินคืน", "ต้องการคืนสินค้าและขอเงิน"],
        &["ใบเสร็จ", "จัดส่ง"],
    ),
    (
        "es",
        "Quiero saber cuándo llegarán las devoluciones de mis pedidos.",
        &["devolución", "devolucion", "pedido", "LLEGARÁ", "llegaran"],
        &["factura", "devolución factura"],
    ),
    (
        "pt",
        "Gostaria de receber as devoluções das minhas compras canceladas.",
        &["devolução", "devolucao", "compra", "cancelada"],
        &["fatura", "entrega"],
    ),
    (
        "fr",
        "Je n'ai toujours pas reçu les remboursements de l'opération annulée.",
        &["remboursement", "opérations", "operation", "annulé", "l'opération"],
        &["facture", "livraison"],
    ),
    (
        "de",
        "Die Rückerstattungen für meine verspäteten Bestellungen fehlen noch.",
        &["Rückerstattung", "ruckerstattung", "Bestellung", "verspätete"],
        &["Rechnung", "Kündigung"],
    ),
    (
        "it",
        "Vorrei sapere quando arriveranno i rimborsi degli ordini annullati.",
        &["rimborso", "ordine", "l'ordine", "annullato"],
        &["fattura", "spedizione"],
    ),
    (
        "ru",
        "Я до сих пор жду возвраты за отменённые заказы.",
        &["возврат", "заказ", "заказов", "отмененный", "ВОЗВРАТА"],
        &["счёт", "доставка"],
    ),
    (
        "ar",
        "لم أستلم الطلبات حتى الآن وأريد إلغاء الاشتراك",
        &["الطلب", "طلبات", "الغاء", "إلغاء", "اشتراك"],
        &["فاتورة", "توصيل"],
    ),
    (
        "tr",
        "İade edilen siparişlerimin parası hâlâ hesabıma gelmedi.",
        &["iade", "İADE", "IADE", "sipariş", "siparis", "siparişler", "hala"],
        &["fatura", "kargo"],
    ),
];

#[tokio::test]
async fn each_language_is_found_by_other_forms_and_not_by_other_words() {
    let desk = Desk::new();
    let customer = desk.customer("Nobody").await;
    for (language, sentence, _, _) in CASES {
        let conversation = desk.open(customer, None, Some(language), None).await;
        desk.write(conversation, customer, sentence).await;
    }
    let index = desk.index().await;
    let reader = index.reader();
    let mut wrong = Vec::new();
    for (language, sentence, found_by, not_by) in CASES {
        let words = found_by.iter().map(|it| (it, true)).chain(not_by.iter().map(|it| (it, false)));
        for (word, expected) in words {
            let found = desk.finds(&reader, word).iter().any(|it| it == sentence);
            if found != expected {
                wrong
                    .push(format!("{language}: {word} {}", if found { "finds" } else { "misses" }));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[tokio::test]
async fn a_language_that_nobody_told_is_found_out() {
    let desk = Desk::new();
    let customer = desk.customer("Nobody").await;
    for (_, sentence, _, _) in CASES {
        let conversation = desk.open(customer, None, None, None).await;
        desk.write(conversation, customer, sentence).await;
    }
    let index = desk.index().await;
    let reader = index.reader();
    for (language, sentence, found_by, _) in CASES {
        let word = found_by[0];
        let page = reader.search_now(&desk.asks(word)).unwrap();
        let hit = page.hits.iter().find(|it| it.snippet.text == *sentence);
        let hit = hit.unwrap_or_else(|| panic!("{language}: {word}"));
        let detected = hit.language.as_ref().map(Language::as_str);
        assert_eq!(detected, Some(*language), "{sentence}");
        assert!(!hit.snippet.ranges.is_empty(), "{language}: {word} is not marked");
    }
}

#[tokio::test]
async fn what_was_written_in_another_form_is_found_and_marked_as_it_stands() {
    let desk = Desk::new();
    let customer = desk.customer("Nobody").await;
    let conversation = desk.open(customer, None, Some("zh"), None).await;
    let texts = [
        ("我昨天買的門票還沒有退款", "门票", (5, 7)),
        ("ﾁｹｯﾄのｷｬﾝｾﾙをお願いします", "キャンセル", (5, 10)),
        ("Re\u{301}sume\u{301} of the ﬁles", "résumé", (0, 8)),
    ];
    for (text, ..) in texts {
        desk.write(conversation, customer, text).await;
    }
    let index = desk.index().await;
    for (text, query, range) in texts {
        let page = index.reader().search_now(&desk.asks(query)).unwrap();
        let hit = page.hits.iter().find(|it| it.snippet.text == text);
        let hit = hit.unwrap_or_else(|| panic!("{query} does not find {text}"));
        assert_eq!(hit.snippet.ranges, [range], "{query}");
    }
}

#[tokio::test]
async fn a_single_character_of_eastern_asia_finds_its_texts() {
    let desk = Desk::new();
    let customer = desk.customer("Nobody").await;
    let conversation = desk.open(customer, None, Some("zh"), None).await;
    desk.write(conversation, customer, "我要买票").await;
    let index = desk.index().await;
    assert_eq!(desk.finds(&index.reader(), "票"), ["我要买票"]);
    assert_eq!(desk.finds(&index.reader(), "\"票\""), ["我要买票"]);
    assert!(desk.finds(&index.reader(), "车").is_empty());
}

#[tokio::test]
async fn numbers_and_addresses_are_found_as_they_are_written() {
    let desk = Desk::new();
    let customer = desk.customer("Ada Lovelace").await;
    desk.link(customer, "ada.lovelace@example.com").await;
    let conversation = desk.open(customer, None, Some("en"), None).await;
    desk.write(conversation, customer, "My order is ORD-2231-77, call +49 170 1234").await;
    let index = desk.index().await;
    let reader = index.reader();
    for query in ["ORD-2231-77", "ord-2231", "2231", "+49 170", "\"170 1234\"", "223*"] {
        assert_eq!(desk.finds(&reader, query).len(), 1, "{query}");
    }
    for query in ["ada.lovelace@example.com", "lovelace@example.com", "Ada lovel*"] {
        assert_eq!(desk.finds(&reader, query), ["ada.lovelace@example.com"], "{query}");
    }
    assert!(desk.finds(&reader, "ORD-77-2231").is_empty());
}
