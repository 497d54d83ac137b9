extension DeviceProfile {
    public static let cortexM4 = embedded(
        #"""
        {
          "format": 1,
          "name": "cortex-m4@2",
          "about": "STM32L4+ class microcontroller, Cortex-M4F at 120 MHz",
          "cores": 1,
          "runsFromStorage": true,
          "storage": {
            "bytes": {"value": 2097152, "source": "STM32L4R5ZI: 2 MB flash (system description in MLPerf Tiny v1.2)"},
            "reserved": {"value": 131072, "source": "estimated: firmware with a radio stack"}
          },
          "ram": {
            "bytes": {"value": 655360, "source": "STM32L4R5ZI: 640 KB (system description in MLPerf Tiny v1.2)"},
            "reserved": {"value": 65536, "source": "estimated: firmware with a radio stack"}
          },
          "throughput": {
            "int8": {"value": 66.6e6, "low": 12e6, "high": 97e6,
              "source": "geometric mean of the four networks of MLPerf Tiny v1.2 on NUCLEO-L4R5ZI (closed division, \#
        STMicroelectronics, X-CUBE-AI 9.0); high: times the largest error with one left out, 1.46; low: estimated, plain \#
        C at 0.1 multiply-adds a cycle"},
            "float32": {"value": 18e6, "low": 12e6, "high": 30e6,
              "source": "estimated: a fused multiply-add takes three cycles besides two loads, 0.1 to 0.25 a cycle"}
          },
          "power": {
            "active": {"value": 0.0417, "low": 0.0387, "high": 0.080,
              "source": "MLPerf Tiny v1.2, NUCLEO-L4R5ZI at 1.8 V: 38.7 to 43.9 mW over four networks; high: the same \#
        current from 3.3 V through the linear regulator"},
            "idle": {"value": 8e-6, "low": 3.6e-6, "high": 1e-3,
              "source": "Stop 2 with RAM kept: 1.2 µA (STM32L4R5, DS12023 as tabulated by x3beche.github.io), 2.9 µA with \#
        its clock (STM32L4 feature list), at 3 V, the chip alone; high is estimated for a board"}
          },
          "radios": ["lora", "ble", "nb-iot", "lte-m", "wifi"]
        }
        """#)

    public static let cortexM33 = embedded(
        #"""
        {
          "format": 1,
          "name": "cortex-m33@1",
          "about": "STM32U5 class microcontroller, Cortex-M33 at 160 MHz with a step-down converter",
          "cores": 1,
          "runsFromStorage": true,
          "storage": {
            "bytes": {"value": 2097152, "source": "STM32U575ZI-Q: 2 MB flash (system description in MLPerf Tiny v1.2)"},
            "reserved": {"value": 131072, "source": "estimated: firmware with a radio stack"}
          },
          "ram": {
            "bytes": {"value": 786432, "source": "STM32U575ZI-Q: 768 KB (system description in MLPerf Tiny v1.2)"},
            "reserved": {"value": 65536, "source": "estimated: firmware with a radio stack"}
          },
          "throughput": {
            "int8": {"value": 100e6, "low": 16e6, "high": 142e6,
              "source": "geometric mean of the four networks of MLPerf Tiny v1.2 on NUCLEO-U575ZI-Q (closed division, \#
        STMicroelectronics, X-CUBE-AI 9.0); high: times the largest error with one left out, 1.42; low: estimated, plain \#
        C at 0.1 multiply-adds a cycle"},
            "float32": {"value": 24e6, "low": 16e6, "high": 40e6,
              "source": "estimated as for cortex-m4: 0.1 to 0.25 fused multiply-adds a cycle"}
          },
          "power": {
            "active": {"value": 0.0233, "low": 0.0227, "high": 0.045,
              "source": "MLPerf Tiny v1.2, NUCLEO-U575ZI-Q at 1.8 V: 22.7 to 24.1 mW over four networks; high is estimated \#
        for the linear regulator and 3.3 V"},
            "idle": {"value": 30e-6, "low": 7.2e-6, "high": 1e-3,
              "source": "STM32U575/585 data sheets, Stop 2: 8.95 µA with all RAM kept at 3.3 V, 4.0 µA with 16 KB at \#
        1.8 V, the chip alone; high is estimated for a board"}
          },
          "radios": ["lora", "ble", "nb-iot", "lte-m", "wifi"]
        }
        """#)

    public static let esp32S3 = embedded(
        #"""
        {
          "format": 1,
          "name": "esp32-s3@1",
          "about": "ESP32-S3 with 8 MB flash, one of its two cores at 240 MHz",
          "cores": 2,
          "runsFromStorage": true,
          "storage": {
            "bytes": {"value": 8388608, "source": "ESP32-S3FN8: 8 MB flash in the package (series data sheet)"},
            "reserved": {"value": 3145728, "source": "estimated: two application slots and the file system"}
          },
          "ram": {
            "bytes": {"value": 524288, "source": "512 KB SRAM (ESP32-S3 series data sheet)"},
            "reserved": {"value": 204800, "source": "estimated: ESP-IDF with Wi-Fi and MQTT"}
          },
          "throughput": {
            "int8": {"value": 69e6, "low": 12.6e6, "high": 213e6,
              "source": "ESP-NN's README at 240 MHz: geometric mean of its convolutions and dense layer, 0.17 to 0.89 \#
        multiply-adds a cycle; low: its plain C"},
            "float32": {"value": 15e6, "low": 6e6, "high": 60e6,
              "source": "estimated: one single-precision multiply-add in 4 to 40 cycles with its loads"}
          },
          "power": {
            "active": {"value": 0.238, "low": 0.169, "high": 0.323,
              "source": "ESP32-S3 series data sheet, table 5-9, 240 MHz, one core: 72.4 mA with 128-bit accesses, 51.2 mA \#
        with 32-bit ones, 87.9 mA with every peripheral clocked and 10 mA of flash; at 3.3 V, above sleeping"},
            "idle": {"value": 0.79e-3, "low": 23e-6, "high": 8.1e-3,
              "source": "ESP32-S3 series data sheet, table 5-10: light sleep 240 µA, deep sleep 7 µA; high: 2.45 mA with \#
        Wi-Fi kept at DTIM 1 (ESP-IDF, low-power modes); at 3.3 V"}
          },
          "radios": ["wifi", "ble"]
        }
        """#)
}
