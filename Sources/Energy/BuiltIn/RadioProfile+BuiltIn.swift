extension RadioProfile {
    public static let builtIn: [RadioProfile] = [wifi, ethernet, ble, lteM, nbIoT, lora]

    public static let wifi = embedded(
        #"""
        {
          "name": "wifi@2",
          "about": "Wireless LAN, 802.11n class, of a device that stays associated",
          "send": {
            "power": {"value": 0.93, "low": 0.45, "high": 1.12,
              "source": "ESP32-S3 series data sheet, table 5-7: 283 mA at 3.3 V for HT20 MCS7, 340 mA for 802.11b; low: \#
        135 mA of ESP32-S2-WROOM (data sheet v1.1, table 7)"},
            "rate": {"value": 20e6, "low": 1e6, "high": 65e6,
              "source": "MCS7 in 20 MHz carries 65 Mbit/s and 802.11b at its slowest 1 Mbit/s; the value is estimated \#
        for TCP with its acknowledgements"}
          },
          "receive": {
            "power": {"value": 0.29, "low": 0.20, "high": 0.32,
              "source": "ESP32-S3 series data sheet, table 5-7: 88 mA at 3.3 V in HT20, 97 mA of its module; low: 63 mA \#
        of ESP32-S2-WROOM (data sheet v1.1, table 7)"},
            "rate": {"value": 20e6, "low": 1e6, "high": 65e6, "source": "as for sending"}
          },
          "message": {"value": 150e-6, "low": 30e-6, "high": 3e-3,
            "source": "per frame 420 µJ (Feeney and Nilsson, INFOCOM 2001) and tens of µJ with later radios (Serrano et \#
        al., IEEE/ACM ToN 2014); high is estimated: a receiver awake for 10 ms at 0.29 W"}
        }
        """#)

    public static let ethernet = embedded(
        #"""
        {
          "name": "ethernet@2",
          "about": "Wired Ethernet, whose transceiver draws nearly the same whether or not bytes move",
          "send": {
            "power": {"value": 0.625, "low": 0.2, "high": 0.8,
              "source": "5 nJ a byte (3 to 6 in a metered gigabit router: Sivaraman et al., INFOCOM 2011) times 125 MB/s; \#
        bounds estimated for slower links and unbatched interrupts"},
            "rate": {"value": 1e9, "low": 1e8, "high": 1e9, "source": "IEEE 802.3: gigabit, or fast Ethernet"}
          },
          "receive": {
            "power": {"value": 0.625, "low": 0.2, "high": 0.8, "source": "as for sending"},
            "rate": {"value": 1e9, "low": 1e8, "high": 1e9, "source": "IEEE 802.3: gigabit, or fast Ethernet"}
          },
          "message": {"value": 2e-6, "low": 0.2e-6, "high": 20e-6,
            "source": "0.2 µJ a packet in a metered gigabit router (Sivaraman et al., INFOCOM 2011); a host is estimated \#
        at 10 times and at most 100 times that"}
        }
        """#)

    public static let ble = embedded(
        #"""
        {
          "name": "ble@1",
          "about": "Bluetooth Low Energy connection to a gateway",
          "send": {
            "power": {"value": 0.0144, "low": 0.0144, "high": 0.58,
              "source": "nRF52840 at 0 dBm: 4.8 mA at 3 V with its converter (product specification, as tabulated by \#
        embedwise.pages.dev); high: ESP32-S3 at 0 dBm, 176 mA at 3.3 V (series data sheet, table 5-8)"},
            "rate": {"value": 0.7e6, "low": 0.1e6, "high": 1.4e6,
              "source": "estimated from the LE 1M and 2M PHYs less their framing; low for short packets"}
          },
          "receive": {
            "power": {"value": 0.0138, "low": 0.0138, "high": 0.31,
              "source": "nRF52840: 4.6 mA at 3 V (product specification, as tabulated by embedwise.pages.dev); high: \#
        ESP32-S3, 93 mA at 3.3 V (series data sheet, table 5-8)"},
            "rate": {"value": 0.7e6, "low": 0.1e6, "high": 1.4e6, "source": "as for sending"}
          },
          "message": {"value": 22e-6, "low": 10e-6, "high": 1e-3,
            "source": "estimated: an event of 1.5 ms at 4.8 mA and 3 V; high for the ESP32-S3's power and stack"}
        }
        """#)

    public static let lteM = embedded(
        #"""
        {
          "name": "lte-m@1",
          "about": "LTE Cat-M1 modem that sleeps between messages (PSM)",
          "send": {
            "power": {"value": 0.39, "low": 0.167, "high": 0.43,
              "source": "nRF9160 product specification, modem current: 100 to 115 mA at 23 dBm and 45 mA at 0 dBm, at \#
        the 3.7 V of Nordic's Online Power Profiler"},
            "rate": {"value": 180e3, "low": 20e3, "high": 375e3,
              "source": "180 kbit/s is the uplink of that measurement, 375 kbit/s the peak of half-duplex Cat-M1 (3GPP \#
        Release 13); low is estimated for bad coverage"}
          },
          "receive": {
            "power": {"value": 0.167, "low": 0.1, "high": 0.25,
              "source": "estimated from the nRF9160's 45 mA at 0 dBm, where the transmitter counts for little"},
            "rate": {"value": 300e3, "low": 20e3, "high": 588e3,
              "source": "half-duplex Cat-M1 peaks of 3GPP Releases 13 and 14; low is estimated for bad coverage"}
          },
          "message": {"value": 0.105, "low": 0.02, "high": 1.0,
            "source": "nRF9160 product specification: 105 mJ for a tracking area update out of PSM, that is waking, \#
        connecting and releasing; bounds estimated for a connection that is open already, and for bad coverage"}
        }
        """#)

    public static let nbIoT = embedded(
        #"""
        {
          "name": "nb-iot@1",
          "about": "NB-IoT modem (Cat-NB1) that sleeps between messages (PSM)",
          "send": {
            "power": {"value": 0.4, "low": 0.13, "high": 0.9,
              "source": "estimated from the nRF9160 product specification: 35 to 45 mA on average at 0 to 10 dBm with a \#
        third of the time sending, and Cat-M1's 105 mA at 23 dBm, at 3.7 V"},
            "rate": {"value": 20e3, "low": 200, "high": 62.5e3,
              "source": "Cat-NB1 uplink: 62.5 kbit/s multi-tone, 16.9 kbit/s on one tone of 15 kHz (3GPP Release 13); low \#
        is estimated for many repetitions"}
          },
          "receive": {
            "power": {"value": 0.167, "low": 0.1, "high": 0.25, "source": "estimated as for lte-m"},
            "rate": {"value": 20e3, "low": 300, "high": 26e3,
              "source": "Cat-NB1 downlink peak of 26 kbit/s (3GPP Release 13); low is estimated for many repetitions"}
          },
          "message": {"value": 0.55, "low": 0.1, "high": 5.0,
            "source": "nRF9160 product specification: 550 mJ for a tracking area update out of PSM; size and signal matter \#
        little beside it (Michelinakis et al., IEEE IoT Journal 2021); bounds estimated"}
        }
        """#)

    public static let lora = embedded(
        #"""
        {
          "name": "lora@1",
          "about": "LoRaWAN class A node in 125 kHz, spreading factor 9 (bounds: 7 and 12)",
          "send": {
            "power": {"value": 0.0957, "low": 0.066, "high": 0.396,
              "source": "SX1276 data sheet, table 6: 29 mA at +13 dBm, 20 mA at +7 dBm, 120 mA at +20 dBm; at 3.3 V"},
            "rate": {"value": 1758, "low": 293, "high": 5469,
              "source": "SF · 125 kHz / 2^SF · 4/5 (SX1276 data sheet, LoRa modem) for SF 9, 12 and 7"}
          },
          "receive": {
            "power": {"value": 0.0356, "low": 0.0327, "high": 0.0396,
              "source": "SX1276 data sheet: 9.9 to 12 mA at 3.3 V"},
            "rate": {"value": 1758, "low": 293, "high": 5469, "source": "as for sending"}
          },
          "message": {"value": 0.015, "low": 0.0026, "high": 0.42,
            "source": "computed: preamble and header of 20.25 symbols, LoRaWAN's 13 bytes and two receive windows at the \#
        figures above for SF 9; bounds for SF 7 at +7 dBm and SF 12 at +20 dBm"}
        }
        """#)
}
